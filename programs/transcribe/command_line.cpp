// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command_line.h"

#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <utility>

#include <npuwhisper/languages.h>

#include "programs/common/program_options.h"
#include "transcribe_help.h"

namespace npuwhisper::cli {
namespace {

/// The option values as given by the user. help.txt describes the options.
struct RawOptions {
  std::vector<std::string> outputs, formats;
  std::optional<std::string> language, task, model, device, npu_stages, precision;
  std::optional<std::string> prompt, hotwords, hotwords_file, replacements_file, trace, vad,
      caption_style, languages, chinese_script;
  std::optional<std::string> start, end, batch, files_from;
  std::optional<int> audio_track, caption_columns, caption_lines;
  int n_threads = 0, beam_size = 5, best_of = 5;
  double vad_threshold = TranscriberOptions().vad_threshold;
  int vad_min_speech = static_cast<int>(TranscriberOptions().vad_min_speech.count());
  int vad_min_silence = static_cast<int>(TranscriberOptions().vad_min_silence.count());
  bool upper_case = false, list_languages = false, list_caption_styles = false;
  bool word_times = false, no_condition = false, plan = false, quiet = false, version = false;
  std::vector<std::string> files;
};

void add_output(ProgramOptions& options, RawOptions& raw) {
  options.add("output", raw.outputs);
  options.add("format", raw.formats);
  options.add("caption-style", raw.caption_style);
  options.add("caption-columns", raw.caption_columns);
  options.add("caption-lines", raw.caption_lines);
  options.add("upper-case", raw.upper_case);
  options.add("word-times", raw.word_times);
}

void add_audio(ProgramOptions& options, RawOptions& raw) {
  options.add("audio-track", raw.audio_track);
  options.add("start", raw.start);
  options.add("end", raw.end);
  options.add("files-from", raw.files_from);
}

void add_speech(ProgramOptions& options, RawOptions& raw) {
  options.add("language", raw.language);
  options.add("languages", raw.languages);
  options.add("chinese-script", raw.chinese_script);
  options.add("task", raw.task);
  options.add("initial-prompt", raw.prompt);
  options.add("hotwords", raw.hotwords);
  options.add("hotwords-file", raw.hotwords_file);
  options.add("replacements-file", raw.replacements_file);
  options.add("vad", raw.vad);
  options.add("vad-threshold", raw.vad_threshold);
  options.add("vad-min-speech", raw.vad_min_speech);
  options.add("vad-min-silence", raw.vad_min_silence);
}

void add_model(ProgramOptions& options, RawOptions& raw) {
  options.add("model", raw.model);
  options.add("device", raw.device);
  options.add("npu-stages", raw.npu_stages);
  options.add("precision", raw.precision);
  options.add("n-threads", raw.n_threads);
  options.add("beam-size", raw.beam_size);
  options.add("best-of", raw.best_of);
  options.add("no-condition", raw.no_condition);
  options.add("batch", raw.batch);
}

void add_program(ProgramOptions& options, RawOptions& raw) {
  options.add("quiet", raw.quiet);
  options.add("list-languages", raw.list_languages);
  options.add("list-caption-styles", raw.list_caption_styles);
  options.add("plan", raw.plan);
  options.add("trace", raw.trace);
  options.add("version", raw.version);
  options.add_rest(raw.files);
}

Failure out_of_range(const char* option, int found, const char* wanted) {
  return fail(ErrorCode::InvalidArgument,
              std::string(option) + " " + std::to_string(found) + ": wanted " + wanted);
}

Result<void> read_audio(const RawOptions& raw, AudioSelection& audio) {
  if (raw.audio_track) {
    if (*raw.audio_track < 1) return out_of_range("--audio-track", *raw.audio_track, "1 or more");
    audio.track = *raw.audio_track;
  }
  if (raw.start) {
    const auto start = parse_time(*raw.start);
    if (!start) return fail(start.error().code, "--start: " + start.error().message);
    audio.span.start = *start;
  }
  if (raw.end) {
    const auto end = parse_time(*raw.end);
    if (!end) return fail(end.error().code, "--end: " + end.error().message);
    audio.span.end = *end;
    if (*end <= audio.span.start) {
      return fail(ErrorCode::InvalidArgument,
                  "--end " + *raw.end + ": wanted a time after --start " + raw.start.value_or("0"));
    }
  }
  return {};
}

Result<void> read_engine(const RawOptions& raw, EngineOptions& engine) {
  if (raw.model) engine.model = *raw.model;
  if (raw.device) {
    const auto device = parse_device_kind(*raw.device);
    if (!device) return fail(device.error());
    engine.device = *device;
  }
  if (raw.npu_stages) {
    const auto stages = parse_npu_stages(*raw.npu_stages);
    if (!stages) return fail(stages.error());
    engine.npu_stages = *stages;
  }
  if (raw.precision) {
    const auto precision = parse_precision(*raw.precision);
    if (!precision) return fail(precision.error());
    engine.precision = *precision;
  }
  if (raw.n_threads < 0) return out_of_range("--n-threads", raw.n_threads, "0 or more");
  engine.n_threads = static_cast<unsigned>(raw.n_threads);
  return {};
}

Result<void> read_vad(const RawOptions& raw, TranscriberOptions& options) {
  if (raw.vad) {
    const std::string& vad = *raw.vad;
    if (vad != "auto" && vad != "on" && vad != "off") {
      return fail(ErrorCode::InvalidArgument, "vad '" + vad + "' is not one of auto, on, off");
    }
    options.vad = vad == "auto" ? Vad::Auto : vad == "on" ? Vad::On : Vad::Off;
  }
  if (!(raw.vad_threshold >= 0.01 && raw.vad_threshold <= 1)) {
    return fail(ErrorCode::InvalidArgument,
                "--vad-threshold " + std::to_string(raw.vad_threshold) + ": wanted 0.01 to 1");
  }
  for (const auto& [option, found] : {std::pair("--vad-min-speech", raw.vad_min_speech),
                                      std::pair("--vad-min-silence", raw.vad_min_silence)}) {
    if (found < 0 || found > 10'000) return out_of_range(option, found, "0 to 10000");
  }
  options.vad_threshold = static_cast<float>(raw.vad_threshold);
  options.vad_min_speech = std::chrono::milliseconds(raw.vad_min_speech);
  options.vad_min_silence = std::chrono::milliseconds(raw.vad_min_silence);
  return {};
}

Result<ChineseScript> parse_chinese_script(const std::string& name) {
  if (name == "auto") return ChineseScript::Auto;
  if (name == "simplified") return ChineseScript::Simplified;
  if (name == "traditional") return ChineseScript::Traditional;
  return fail(ErrorCode::InvalidArgument,
              "chinese-script '" + name + "' is not one of auto, simplified, traditional");
}

/// Reads the value of --batch: "auto" or a number.
Result<int> parse_batch(const std::string& text) {
  if (text == "auto") return 0;
  int n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error == std::errc() && end == text.data() + text.size() && n >= 1 && n <= kMaxBatch) {
    return n;
  }
  return fail(
      ErrorCode::InvalidArgument,
      "--batch '" + text + "' is not auto or a number from 1 to " + std::to_string(kMaxBatch));
}

// A NUL counts as invalid, because a string property of GStreamer cannot hold it.
bool is_utf8(const std::string& text) {
  return g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr) != FALSE;
}

/// Returns the content of the text file that an option names, or an empty text without this option.
Result<std::string> read_text_file(const std::string& option,
                                   const std::optional<std::string>& path) {
  // The transcriber accepts 1,000 hotwords and 10,000 replacements. This limit stops the program
  // from reading an endless or a wrong file.
  constexpr std::size_t kMostBytes = 1 << 20;
  if (!path) return std::string();
  const std::string prefix = option + " " + *path + ": ";
  std::ifstream file(*path, std::ios::binary);
  if (!file) return fail(ErrorCode::InvalidArgument, prefix + g_strerror(errno));
  std::string text(kMostBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail(ErrorCode::InvalidArgument, prefix + g_strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMostBytes) {
    return fail(ErrorCode::InvalidArgument,
                prefix + "found more than " + std::to_string(kMostBytes) +
                    " bytes, wanted at most " + std::to_string(kMostBytes));
  }
  // Some editors begin a file with a byte order mark.
  if (constexpr std::string_view kMark = "\xEF\xBB\xBF"; text.starts_with(kMark)) {
    text.erase(0, kMark.size());
  }
  if (!is_utf8(text)) return fail(ErrorCode::InvalidArgument, option + " is not UTF-8");
  return text;
}

/// Returns the phrases of --hotwords and --hotwords-file, separated by commas or newlines.
Result<std::string> read_hotwords(const RawOptions& raw) {
  auto from_file = read_text_file("--hotwords-file", raw.hotwords_file);
  if (!from_file) return from_file;
  const std::string given = raw.hotwords.value_or("");
  if (!is_utf8(given)) return fail(ErrorCode::InvalidArgument, "--hotwords is not UTF-8");
  if (given.empty() || from_file->empty()) return given + *from_file;
  return given + "\n" + *from_file;
}

Result<void> read_transcriber(const RawOptions& raw, TranscriberOptions& options) {
  const auto language = parse_language(raw.language.value_or("auto"));
  if (!language) return fail(language.error());
  options.language = *language;
  auto languages = parse_languages(raw.languages.value_or(""));
  if (!languages) return fail(languages.error());
  options.languages = std::move(*languages);
  const auto script = parse_chinese_script(raw.chinese_script.value_or("auto"));
  if (!script) return fail(script.error());
  options.chinese_script = *script;
  if (raw.task) {
    const std::string& task = *raw.task;
    if (task != "transcribe" && task != "translate") {
      return fail(ErrorCode::InvalidArgument,
                  "task '" + task + "' is not one of transcribe, translate");
    }
    options.task = task == "translate" ? Task::Translate : Task::Transcribe;
  }
  if (raw.prompt) {
    if (!g_utf8_validate(raw.prompt->c_str(), -1, nullptr)) {
      return fail(ErrorCode::InvalidArgument, "--initial-prompt is not UTF-8");
    }
    options.initial_prompt = *raw.prompt;
  }
  auto hotwords = read_hotwords(raw);
  if (!hotwords) return fail(hotwords.error());
  options.hotwords = std::move(*hotwords);
  auto replacements = read_text_file("--replacements-file", raw.replacements_file);
  if (!replacements) return fail(replacements.error());
  options.replacements = std::move(*replacements);
  if (raw.beam_size < 1) return out_of_range("--beam-size", raw.beam_size, "1 or more");
  if (raw.best_of < 1) return out_of_range("--best-of", raw.best_of, "1 or more");
  const auto batch = parse_batch(raw.batch.value_or("1"));
  if (!batch) return fail(batch.error());
  options.batch = *batch;
  options.beam_size = raw.beam_size;
  options.best_of = raw.best_of;
  options.word_times = raw.word_times;
  options.condition_on_previous_text = !raw.no_condition;
  return read_vad(raw, options);
}

/// Reads --output and --format. The n-th --format belongs to the n-th --output.
Result<void> read_outputs(const RawOptions& raw, std::vector<Output>& outputs) {
  const std::size_t n_formats = raw.formats.size();
  if (n_formats > 1 && raw.outputs.empty()) {
    return fail(
        ErrorCode::InvalidArgument,
        "stdout can hold one format: name a file or folder with --output for each --format");
  }
  if (n_formats > 0 && !raw.outputs.empty() && n_formats != raw.outputs.size()) {
    return fail(ErrorCode::InvalidArgument, "found --output " + std::to_string(raw.outputs.size()) +
                                                " times and --format " + std::to_string(n_formats) +
                                                " times, wanted a --format for each --output");
  }
  outputs.resize(std::max<std::size_t>(1, raw.outputs.size()));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    Output& output = outputs[i];
    if (!raw.outputs.empty()) output.place = raw.outputs[i];
    if (n_formats == 0) {
      output.format = format_of_file(output.place).value_or(Format::Txt);
      continue;
    }
    const auto format = parse_format(raw.formats[i]);
    if (!format) return fail(format.error());
    output.format = *format;
  }
  return {};
}

bool have_cues(const std::vector<Output>& outputs) {
  return std::ranges::any_of(outputs, has_cues, &Output::format);
}

Failure without_captions(const char* option, const std::vector<Output>& outputs) {
  return fail(ErrorCode::InvalidArgument,
              std::string(option) + ": " +
                  (have_cues(outputs) ? "--caption-style none does not lay out lines"
                                      : "format " + std::string(to_string(outputs.front().format)) +
                                            " has no captions, wanted srt, vtt or ttml"));
}

// Reads the options for cues. Must be called after the outputs and the transcriber's options have
// been read, because this function depends on the formats and turns on word times for captions.
Result<void> read_cues(const RawOptions& raw, CommandLine& line) {
  const auto style = parse_caption_style(raw.caption_style.value_or("subtitle"));
  if (!style) return fail(style.error());
  const auto is_style = [&](const CaptionStyleEntry& entry) { return entry.style == *style; };
  if (!std::ranges::find_if(caption_styles(), is_style)->for_files) {
    return fail(ErrorCode::InvalidArgument,
                "--caption-style " + std::string(to_string(*style)) +
                    ": not available for files, wanted one of --list-caption-styles");
  }
  const bool has_captions = have_cues(line.outputs);
  const bool has_lines = has_captions && *style != CaptionStyle::None;
  constexpr int kMostColumns = 1000;
  constexpr int kMostLines = 15;
  if (raw.caption_columns) {
    const int columns = *raw.caption_columns;
    if (!has_lines) return without_captions("--caption-columns", line.outputs);
    if (columns < CaptionLayout::kLeastColumns || columns > kMostColumns) {
      return out_of_range("--caption-columns", columns, "8 to 1000");
    }
  }
  if (raw.caption_lines) {
    const int lines = *raw.caption_lines;
    if (!has_lines) return without_captions("--caption-lines", line.outputs);
    if (lines < 1 || lines > kMostLines) return out_of_range("--caption-lines", lines, "1 to 15");
  }
  if (raw.upper_case && !has_captions) return without_captions("--upper-case", line.outputs);
  line.cues = {.layout = CaptionLayout::of(*style, raw.caption_columns.value_or(0),
                                           raw.caption_lines.value_or(0)),
               .marks_words = line.transcriber.word_times,
               .language = line.transcriber.task == Task::Translate ? "en" : ""};
  line.cues.layout.upper_case = raw.upper_case;
  if (has_lines) line.transcriber.word_times = true;
  return {};
}

}  // namespace

Result<CommandLine> parse_command_line(int argc, char** argv) {
  RawOptions raw;
  ProgramOptions options(kTranscribeHelp);
  add_output(options, raw);
  add_audio(options, raw);
  add_speech(options, raw);
  add_model(options, raw);
  add_program(options, raw);
  options.add_library(gst_init_get_option_group());
  if (auto parsed = options.parse(argc, argv); !parsed) return fail(parsed.error());

  CommandLine line;
  line.trace = raw.trace.value_or("");
  line.plan = raw.plan;
  line.list_languages = raw.list_languages;
  line.list_caption_styles = raw.list_caption_styles;
  line.quiet = raw.quiet;
  line.version = raw.version;
  if (auto read = read_outputs(raw, line.outputs); !read) return fail(read.error());
  if (auto read = read_audio(raw, line.audio); !read) return fail(read.error());
  if (auto read = read_engine(raw, line.engine); !read) return fail(read.error());
  if (auto read = read_transcriber(raw, line.transcriber); !read) return fail(read.error());
  if (auto read = read_cues(raw, line); !read) return fail(read.error());
  line.list = raw.files_from.value_or("");
  if (!line.list.empty()) {
    if (!raw.files.empty()) {
      return fail(ErrorCode::InvalidArgument,
                  "found --files-from and FILE '" + raw.files.front() + "', wanted one of them");
    }
    if (auto checked = check_list_outputs(line.outputs); !checked) return fail(checked.error());
  }
  for (const std::string& file : raw.files) {
    Result<Input> input = parse_input(file);
    if (!input) return fail(input.error());
    line.inputs.push_back(*std::move(input));
  }
  const bool is_list = line.list_languages || line.list_caption_styles;
  if (line.inputs.empty() && line.list.empty() && !line.plan && !line.version && !is_list) {
    return fail(ErrorCode::InvalidArgument, "no FILE given");
  }
  if (std::ranges::count(line.inputs, Input::Kind::Stdin, &Input::kind) > 1) {
    return fail(ErrorCode::InvalidArgument, "stdin (-) can be read only once");
  }
  return line;
}

}  // namespace npuwhisper::cli
