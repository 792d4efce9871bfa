// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command_line.h"

#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <npuwhisper/languages.h>

#include "program_options.h"

namespace npuwhisper::cli {
namespace {

constexpr const char* kSummary =
    "Writes down what is said in audio and video files: anything that GStreamer decodes.\n"
    "A FILE called - is stdin. The result goes to stdout, everything else to stderr.";

constexpr const char* kDescription =
    "With several files, --output names a folder, and each result in it is named after its file.\n"
    "json is one object a line and file, so there --output may also be one file for all.\n"
    "Without --output, txt and json of several files follow each other on stdout.\n"
    "\n"
    "Exit status: 0 all is well, 1 a file or the model failed (the other files are done),\n"
    "2 wrong usage, 130 interrupted (what was said so far is written).";

/// What the user wrote, by option.
struct RawOptions {
  std::optional<std::string> format, output, language, task, model, device, npu_stages, precision;
  std::optional<std::string> prompt, trace, vad, caption_style, languages, chinese_script;
  int n_threads = 0, beam_size = 1, best_of = 5;
  double vad_threshold = TranscriberOptions().vad_threshold;
  int vad_min_speech = static_cast<int>(TranscriberOptions().vad_min_speech.count());
  int vad_min_silence = static_cast<int>(TranscriberOptions().vad_min_silence.count());
  bool word_times = false, no_condition = false, plan = false, quiet = false, version = false;
  std::vector<std::string> files;
};

void add_output(ProgramOptions& options, RawOptions& raw) {
  options.add("format", raw.format, "Of the result (default txt)", "txt|srt|vtt|json");
  options.add(
      "caption-style", raw.caption_style,
      "Cues of srt and vtt: lines of 42 or 32 columns, or whole segments (default subtitle)",
      "subtitle|broadcast|none");
  options.add("output", raw.output, "File or folder for the result (default stdout)", "PATH");
}

void add_model(ProgramOptions& options, RawOptions& raw) {
  options.add("language", raw.language, "Spoken language, such as en or English (default auto: detected)",
              "auto|CODE|NAME");
  options.add("languages", raw.languages, "Detect one of these only (default: of all)",
              "CODE,CODE...");
  options.add("chinese-script", raw.chinese_script, "Characters of Chinese text (default auto)",
              "auto|simplified|traditional");
  options.add("task", raw.task, "translate: into English (default transcribe)",
              "transcribe|translate");
  options.add("model", raw.model, "Model, by name or folder (default base)", "NAME|PATH");
  options.add("device", raw.device, "What runs the model (default auto)", "auto|cpu|npu");
  options.add("npu-stages", raw.npu_stages, "What an NPU runs (default auto: what is faster there)",
              "auto|mel,encoder,decoder");
  options.add("precision", raw.precision, "Arithmetic of the model (default auto)",
              "auto|f32|bf16|int8");
  options.add("n-threads", raw.n_threads, "CPU threads (default 0: the physical cores)");
}

void add_decoding(ProgramOptions& options, RawOptions& raw) {
  options.add("beam-size", raw.beam_size, "Beams of the search (default 1: greedy)");
  options.add("best-of", raw.best_of, "Candidates when it must guess (default 5)");
  options.add("initial-prompt", raw.prompt, "Text to follow: names, spelling, style", "TEXT");
  options.add("word-times", raw.word_times, "Tell the time of each word (json, vtt)");
  options.add("no-condition", raw.no_condition, "Do not follow the text of the window before");
  options.add("vad", raw.vad, "Leave out where nobody speaks (default auto: if it is installed)",
              "auto|on|off");
  options.add("vad-threshold", raw.vad_threshold,
              "Probability from which audio is speech (default 0.5)", "P");
  options.add("vad-min-speech", raw.vad_min_speech, "What is shorter is no speech (default 100)",
              "MS");
  options.add("vad-min-silence", raw.vad_min_silence,
              "Pauses that are shorter are speech (default 500)", "MS");
}

void add_program(ProgramOptions& options, RawOptions& raw) {
  options.add("trace", raw.trace, "Write what ran when, for ui.perfetto.dev or chrome://tracing",
              "FILE");
  options.add("plan", raw.plan, "Print what runs where and why, and exit");
  options.add("quiet", raw.quiet, "No progress on stderr");
  options.add("version", raw.version, "Print the version and exit");
  options.add_rest(raw.files);
}

Failure out_of_range(const char* option, int found, const char* wanted) {
  return fail(ErrorCode::InvalidArgument,
              std::string(option) + " " + std::to_string(found) + ": wanted " + wanted);
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
  if (raw.beam_size < 1) return out_of_range("--beam-size", raw.beam_size, "1 or more");
  if (raw.best_of < 1) return out_of_range("--best-of", raw.best_of, "1 or more");
  options.beam_size = raw.beam_size;
  options.best_of = raw.best_of;
  options.word_times = raw.word_times;
  options.condition_on_previous_text = !raw.no_condition;
  return read_vad(raw, options);
}

// After the format and the transcriber's options: captions are cut at the times of words.
Result<void> read_cues(const RawOptions& raw, CommandLine& line) {
  const auto style = parse_caption_style(raw.caption_style.value_or("subtitle"));
  if (!style) return fail(style.error());
  if (*style == CaptionStyle::BuildUp) {
    return fail(ErrorCode::InvalidArgument,
                "--caption-style build-up: is for pictures, wanted none, subtitle or broadcast");
  }
  line.cues = {.layout = CaptionLayout::of(*style), .marks_words = line.transcriber.word_times};
  const bool has_cues = line.format == Format::Srt || line.format == Format::Vtt;
  if (has_cues && *style != CaptionStyle::None) line.transcriber.word_times = true;
  return {};
}

}  // namespace

Result<CommandLine> parse_command_line(int argc, char** argv) {
  RawOptions raw;
  ProgramOptions options("FILE...", kSummary, kDescription);
  add_output(options, raw);
  add_model(options, raw);
  add_decoding(options, raw);
  add_program(options, raw);
  options.add_library(gst_init_get_option_group());
  if (auto parsed = options.parse(argc, argv); !parsed) return fail(parsed.error());

  CommandLine line;
  line.files = std::move(raw.files);
  line.output = raw.output.value_or("");
  line.trace = raw.trace.value_or("");
  line.plan = raw.plan;
  line.quiet = raw.quiet;
  line.version = raw.version;
  if (raw.format) {
    const auto format = parse_format(*raw.format);
    if (!format) return fail(format.error());
    line.format = *format;
  }
  if (auto read = read_engine(raw, line.engine); !read) return fail(read.error());
  if (auto read = read_transcriber(raw, line.transcriber); !read) return fail(read.error());
  if (auto read = read_cues(raw, line); !read) return fail(read.error());
  if (line.files.empty() && !line.plan && !line.version) {
    return fail(ErrorCode::InvalidArgument, "no FILE given");
  }
  if (std::count(line.files.begin(), line.files.end(), "-") > 1) {
    return fail(ErrorCode::InvalidArgument, "stdin (-) can be read once only");
  }
  return line;
}

}  // namespace npuwhisper::cli
