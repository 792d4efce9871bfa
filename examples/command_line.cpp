// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command_line.h"

#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

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

/// What GOption writes into; it owns its strings, which are the user's bytes, not converted to or
/// from the locale's character set.
struct RawOptions {
  gchar *format = nullptr, *output = nullptr, *language = nullptr, *task = nullptr;
  gchar *model = nullptr, *device = nullptr, *npu_stages = nullptr, *precision = nullptr;
  gchar *prompt = nullptr, *trace = nullptr, *vad = nullptr, *caption_style = nullptr;
  gint n_threads = 0, beam_size = 1, best_of = 5;
  gdouble vad_threshold = TranscriberOptions().vad_threshold;
  gint vad_min_speech = static_cast<gint>(TranscriberOptions().vad_min_speech.count());
  gint vad_min_silence = static_cast<gint>(TranscriberOptions().vad_min_silence.count());
  gboolean word_times = FALSE, no_condition = FALSE, plan = FALSE, quiet = FALSE, version = FALSE;
  gchar** files = nullptr;

  RawOptions() = default;
  RawOptions(const RawOptions&) = delete;
  RawOptions& operator=(const RawOptions&) = delete;
  ~RawOptions() {
    for (gchar* text : {format, output, language, task, model, device, npu_stages, precision,
                        prompt, trace, vad, caption_style}) {
      g_free(text);
    }
    g_strfreev(files);
  }
};

void add_entries(GOptionContext* context, RawOptions& raw) {
  const auto text = [](const char* name, gchar*& value, const char* help, const char* shape) {
    return GOptionEntry{name, 0, 0, G_OPTION_ARG_FILENAME, &value, help, shape};
  };
  const auto number = [](const char* name, gint& value, const char* help) {
    return GOptionEntry{name, 0, 0, G_OPTION_ARG_INT, &value, help, "N"};
  };
  const auto milliseconds = [](const char* name, gint& value, const char* help) {
    return GOptionEntry{name, 0, 0, G_OPTION_ARG_INT, &value, help, "MS"};
  };
  const auto flag = [](const char* name, gboolean& value, const char* help) {
    return GOptionEntry{name, 0, 0, G_OPTION_ARG_NONE, &value, help, nullptr};
  };
  const std::array entries = {
      text("format", raw.format, "Of the result (default txt)", "txt|srt|vtt|json"),
      text("caption-style", raw.caption_style,
           "Cues of srt and vtt: lines of 42 or 32 columns, or whole segments (default subtitle)",
           "subtitle|broadcast|none"),
      text("output", raw.output, "File or folder for the result (default stdout)", "PATH"),
      text("language", raw.language, "Spoken language, such as en (default auto: found out)",
           "auto|CODE"),
      text("task", raw.task, "translate: into English (default transcribe)",
           "transcribe|translate"),
      text("model", raw.model, "Model, by name or folder (default base)", "NAME|PATH"),
      text("device", raw.device, "What runs the model (default auto)", "auto|cpu|npu"),
      text("npu-stages", raw.npu_stages, "What an NPU runs (default auto: what is faster there)",
           "auto|mel,encoder,decoder"),
      text("precision", raw.precision, "Arithmetic of the model (default auto)",
           "auto|f32|bf16|int8"),
      number("n-threads", raw.n_threads, "CPU threads (default 0: the physical cores)"),
      number("beam-size", raw.beam_size, "Beams of the search (default 1: greedy)"),
      number("best-of", raw.best_of, "Candidates when it must guess (default 5)"),
      text("initial-prompt", raw.prompt, "Text to follow: names, spelling, style", "TEXT"),
      flag("word-times", raw.word_times, "Tell the time of each word (json, vtt)"),
      flag("no-condition", raw.no_condition, "Do not follow the text of the window before"),
      text("vad", raw.vad, "Leave out where nobody speaks (default auto: if it is installed)",
           "auto|on|off"),
      GOptionEntry{"vad-threshold", 0, 0, G_OPTION_ARG_DOUBLE, &raw.vad_threshold,
                   "Probability from which audio is speech (default 0.5)", "P"},
      milliseconds("vad-min-speech", raw.vad_min_speech,
                   "What is shorter is no speech (default 100)"),
      milliseconds("vad-min-silence", raw.vad_min_silence,
                   "Pauses that are shorter are speech (default 500)"),
      text("trace", raw.trace, "Write what ran when, for ui.perfetto.dev or chrome://tracing",
           "FILE"),
      flag("plan", raw.plan, "Print what runs where and why, and exit"),
      flag("quiet", raw.quiet, "No progress on stderr"),
      flag("version", raw.version, "Print the version and exit"),
      GOptionEntry{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &raw.files, nullptr,
                   nullptr},
      GOptionEntry{},
  };
  g_option_context_add_main_entries(context, entries.data(), nullptr);
}

Failure out_of_range(const char* option, gint found, const char* wanted) {
  return fail(ErrorCode::InvalidArgument,
              std::string(option) + " " + std::to_string(found) + ": wanted " + wanted);
}

Result<void> read_engine(const RawOptions& raw, EngineOptions& engine) {
  if (raw.model != nullptr) engine.model = raw.model;
  if (raw.device != nullptr) {
    const auto device = parse_device_kind(raw.device);
    if (!device) return fail(device.error());
    engine.device = *device;
  }
  if (raw.npu_stages != nullptr) {
    const auto stages = parse_npu_stages(raw.npu_stages);
    if (!stages) return fail(stages.error());
    engine.npu_stages = *stages;
  }
  if (raw.precision != nullptr) {
    const auto precision = parse_precision(raw.precision);
    if (!precision) return fail(precision.error());
    engine.precision = *precision;
  }
  if (raw.n_threads < 0) return out_of_range("--n-threads", raw.n_threads, "0 or more");
  engine.n_threads = static_cast<unsigned>(raw.n_threads);
  return {};
}

Result<void> read_vad(const RawOptions& raw, TranscriberOptions& options) {
  if (raw.vad != nullptr) {
    const std::string vad = raw.vad;
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

Result<void> read_transcriber(const RawOptions& raw, TranscriberOptions& options) {
  if (raw.language != nullptr && std::string_view(raw.language) != "auto") {
    options.language = raw.language;
  }
  if (raw.task != nullptr) {
    const std::string task = raw.task;
    if (task != "transcribe" && task != "translate") {
      return fail(ErrorCode::InvalidArgument,
                  "task '" + task + "' is not one of transcribe, translate");
    }
    options.task = task == "translate" ? Task::Translate : Task::Transcribe;
  }
  if (raw.prompt != nullptr) {
    if (!g_utf8_validate(raw.prompt, -1, nullptr)) {
      return fail(ErrorCode::InvalidArgument, "--initial-prompt is not UTF-8");
    }
    options.initial_prompt = raw.prompt;
  }
  if (raw.beam_size < 1) return out_of_range("--beam-size", raw.beam_size, "1 or more");
  if (raw.best_of < 1) return out_of_range("--best-of", raw.best_of, "1 or more");
  options.beam_size = raw.beam_size;
  options.best_of = raw.best_of;
  options.word_times = raw.word_times != FALSE;
  options.condition_on_previous_text = raw.no_condition == FALSE;
  return read_vad(raw, options);
}

// After the format and the transcriber's options: captions are cut at the times of words.
Result<void> read_cues(const RawOptions& raw, CommandLine& line) {
  const auto style = parse_caption_style(raw.caption_style ? raw.caption_style : "subtitle");
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
  const std::unique_ptr<GOptionContext, void (*)(GOptionContext*)> context(
      g_option_context_new("FILE..."), g_option_context_free);
  g_option_context_set_summary(context.get(), kSummary);
  g_option_context_set_description(context.get(), kDescription);
  add_entries(context.get(), raw);
  g_option_context_add_group(context.get(), gst_init_get_option_group());
  GError* error = nullptr;
  if (!g_option_context_parse(context.get(), &argc, &argv, &error)) {
    const std::string message = error->message;
    g_error_free(error);
    return fail(ErrorCode::InvalidArgument, message);
  }

  CommandLine line;
  for (gchar** file = raw.files; file != nullptr && *file != nullptr; ++file) {
    line.files.emplace_back(*file);
  }
  if (raw.output != nullptr) line.output = raw.output;
  if (raw.trace != nullptr) line.trace = raw.trace;
  line.plan = raw.plan != FALSE;
  line.quiet = raw.quiet != FALSE;
  line.version = raw.version != FALSE;
  if (raw.format != nullptr) {
    const auto format = parse_format(raw.format);
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
