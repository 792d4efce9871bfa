// SPDX-License-Identifier: LGPL-2.1-or-later
#include "properties.h"

namespace npuwhisper {
namespace {

constexpr auto kReadWrite = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
constexpr auto kReadOnly = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
// Changes need another engine. They are applied when the element goes to READY or PAUSED.
constexpr auto kWhileReady = static_cast<GParamFlags>(kReadWrite | GST_PARAM_MUTABLE_READY);
// Changes are applied immediately. Audio received before the change is still transcribed with the
// old value.
constexpr auto kWhilePlaying = static_cast<GParamFlags>(kReadWrite | GST_PARAM_MUTABLE_PLAYING);
// Values beyond the range are clamped. Otherwise a language binding would abort a program that sets
// such a value; and a bin passes on values that its own user chose.
constexpr auto kNearest = static_cast<GParamFlags>(kWhilePlaying | G_PARAM_LAX_VALIDATION);

GType register_enum(const char* name, const GEnumValue* values) {
  const GType type = g_enum_register_static(name, values);
  gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
  return type;
}

GType device_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(DeviceKind::Auto), "An NPU if one is usable, else the CPU", "auto"},
      {static_cast<int>(DeviceKind::Cpu), "The CPU", "cpu"},
      {static_cast<int>(DeviceKind::Npu), "An NPU; an error if there is none", "npu"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperDevice", values);
  return type;
}

// NpuStages as a set of flags. No flags mean auto.
enum StageFlag : guint { kMel = 1, kEncoder = 2, kDecoder = 4 };

GType npu_stages_type() {
  static const GFlagsValue values[] = {
      {0, "The stages predicted to run faster on the NPU", "auto"},
      {kMel, "Log-mel spectrogram of a window", "mel"},
      {kEncoder, "The encoder", "encoder"},
      {kDecoder, "Cross-attention keys and values, and the decoder's matrix products", "decoder"},
      {0, nullptr, nullptr}};
  static const GType type = [] {
    const GType registered = g_flags_register_static("GstNpuWhisperNpuStages", values);
    gst_type_mark_as_plugin_api(registered, static_cast<GstPluginAPIFlags>(0));
    return registered;
  }();
  return type;
}

guint flags_of(const NpuStages& stages) {
  return (stages.mel ? kMel : 0U) | (stages.encoder ? kEncoder : 0U) |
         (stages.decoder ? kDecoder : 0U);
}

NpuStages stages_of(guint flags) {
  return {.mel = (flags & kMel) != 0,
          .encoder = (flags & kEncoder) != 0,
          .decoder = (flags & kDecoder) != 0};
}

GType precision_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(Precision::Auto), "The fastest precision that leaves the text unchanged",
       "auto"},
      {static_cast<int>(Precision::F32), "32-bit floating point", "f32"},
      {static_cast<int>(Precision::Bf16), "Encoder in bfloat16", "bf16"},
      {static_cast<int>(Precision::Int8),
       "8-bit integer decoder weights; on an NPU also the encoder's matrix products", "int8"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperPrecision", values);
  return type;
}

GType task_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(Task::Transcribe), "Text in the spoken language", "transcribe"},
      {static_cast<int>(Task::Translate), "Text in English", "translate"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperTask", values);
  return type;
}

GType chinese_script_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(ChineseScript::Auto), "As written by the model", "auto"},
      {static_cast<int>(ChineseScript::Simplified), "Simplified characters", "simplified"},
      {static_cast<int>(ChineseScript::Traditional), "Traditional characters", "traditional"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperChineseScript", values);
  return type;
}

GType vad_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(Vad::Auto), "Use it if its weights are installed; otherwise warn", "auto"},
      {static_cast<int>(Vad::On), "Use it; an error if its weights are not installed", "on"},
      {static_cast<int>(Vad::Off), "Transcribe all audio", "off"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperVad", values);
  return type;
}

GType output_mode_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(OutputMode::Segment), "One buffer for each segment", "segment"},
      {static_cast<int>(OutputMode::Word), "One buffer for each word", "word"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperOutputMode", values);
  return type;
}

GType caption_style_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(CaptionStyle::None), "The transcriber's text, on one line", "none"},
      {static_cast<int>(CaptionStyle::Subtitle), "Two lines of 42 columns", "subtitle"},
      {static_cast<int>(CaptionStyle::Broadcast), "Two lines of 32 columns", "broadcast"},
      {static_cast<int>(CaptionStyle::BuildUp),
       "Two lines that grow word by word; each buffer holds all visible text", "build-up"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstNpuWhisperCaptionStyle", values);
  return type;
}

struct Text {
  const char* name;
  const char* nick;
  const char* blurb;
};

// Installs properties on one class; the defaults are those of Settings.
class Installer {
 public:
  explicit Installer(GObjectClass* klass) : klass_(klass) {}

  void string(Property id, const Text& t, const char* initial, GParamFlags flags) {
    install(id, g_param_spec_string(t.name, t.nick, t.blurb, initial, flags));
  }
  void boolean(Property id, const Text& t, bool initial) {
    install(id, g_param_spec_boolean(t.name, t.nick, t.blurb, initial, kWhilePlaying));
  }
  void integer(Property id, const Text& t, guint min, guint max, guint initial,
               GParamFlags flags = kWhilePlaying) {
    install(id, g_param_spec_uint(t.name, t.nick, t.blurb, min, max, initial, flags));
  }
  void number(Property id, const Text& t, float min, float max, float initial) {
    install(id, g_param_spec_float(t.name, t.nick, t.blurb, min, max, initial, kWhilePlaying));
  }
  template <typename Enum>
  void choice(Property id, const Text& t, GType type, Enum initial, GParamFlags flags) {
    install(id, g_param_spec_enum(t.name, t.nick, t.blurb, type, static_cast<int>(initial), flags));
  }
  void install(Property id, GParamSpec* spec) { g_object_class_install_property(klass_, id, spec); }

 private:
  GObjectClass* klass_;
};

void install_engine_properties(Installer& add, const Settings& s) {
  add.string(kPropModel,
             {"model", "Model",
              "Name of a Whisper model (base, tiny.en, ...) or path of a CTranslate2 model folder"},
             s.engine.model.c_str(), kWhileReady);
  add.choice(kPropDevice, {"device", "Device", "Device that runs the model"}, device_type(),
             s.engine.device, kWhileReady);
  add.install(
      kPropNpuStages,
      g_param_spec_flags("npu-stages", "NPU stages", "Stages that run on an NPU (none: auto)",
                         npu_stages_type(), flags_of(s.engine.npu_stages), kWhileReady));
  add.choice(kPropPrecision,
             {"precision", "Precision", "Number format of the model's computations"},
             precision_type(), s.engine.precision, kWhileReady);
  add.integer(kPropThreads,
              {"n-threads", "Threads", "Number of compute threads (0: one per physical core)"}, 0,
              1024, s.engine.n_threads, kWhileReady);
}

void install_output_properties(Installer& add, const Settings& s) {
  add.string(kPropLanguageCode,
             {"language-code", "Language code",
              "Spoken language, such as en, en-US or English (auto or empty: detect)"},
             s.language_code.c_str(), kWhilePlaying);
  add.string(kPropLanguage, {"language", "Language", "Alias of language-code"},
             s.language_code.c_str(), kWhilePlaying);
  add.string(kPropLanguages,
             {"languages", "Languages",
              "Candidates for language detection, such as en,de,es (empty: all); ignored if "
              "language-code is set"},
             s.languages.c_str(), kWhilePlaying);
  add.choice(kPropChineseScript,
             {"chinese-script", "Chinese script", "Script of Chinese and Cantonese text"},
             chinese_script_type(), s.decoding.chinese_script, kWhilePlaying);
  add.choice(kPropTask, {"task", "Task", "Transcribe, or translate into English"}, task_type(),
             s.decoding.task, kWhilePlaying);
  add.choice(kPropOutputMode, {"output-mode", "Output mode", "Content of each text buffer"},
             output_mode_type(), s.output_mode, kWhilePlaying);
  add.choice(kPropCaptionStyle,
             {"caption-style", "Caption style",
              "Line layout and timing of captions, with output-mode=segment"},
             caption_style_type(), s.caption_style, kWhilePlaying);
  add.integer(kPropCaptionColumns,
              {"caption-columns", "Caption columns",
               "Columns per caption line, at least 8 (0: default of caption-style)"},
              0, 1000, s.caption_columns);
  add.integer(kPropCaptionLines,
              {"caption-lines", "Caption lines",
               "Maximum number of lines per caption (0: default of caption-style)"},
              0, 15, s.caption_lines);
  add.boolean(kPropUpperCase,
              {"upper-case", "Upper case",
               "Write captions in upper case (no effect with caption-style=none)"},
              s.upper_case);
  add.boolean(kPropWordTimes,
              {"word-times", "Word times",
               "Compute the time of each word for JSON output (implied by output-mode=word and by "
               "every caption-style except none)"},
              s.word_times);
  add.integer(kPropLatency,
              {"latency", "Latency",
               "Live: maximum time from speech to text within the element, in milliseconds"},
              1000, 60000, s.latency_ms, kNearest);
  add.integer(kPropTranscribeLatency,
              {"transcribe-latency", "Transcribe latency",
               "Alias of latency, the name used by bins that wrap a transcriber"},
              1000, 60000, s.latency_ms, kNearest);
  add.integer(kPropLateness,
              {"lateness", "Lateness",
               "Milliseconds by which text is later than the audio: extra time to transcribe that "
               "does not add to the latency"},
              0, 60000, s.lateness_ms, kNearest);
  add.boolean(kPropPartialResults,
              {"partial-results", "Partial results",
               "Live: also send recognised words that may still change, as JSON on unsynced_src"},
              s.partial_results);
  add.boolean(kPropMetaSync,
              {"meta-sync", "Meta sync",
               "Delay audio_src by the latency, so that its metas are on the audio they describe"},
              s.meta_sync);
  add.boolean(kPropStreaming,
              {"streaming", "Streaming",
               "Sources that are not live: send text as soon as `latency` of audio has followed "
               "it, as live streams always do, instead of transcribing 30 s at a time"},
              s.streaming);
  add.boolean(kPropPostMessages,
              {"post-messages", "Post messages",
               "Post an element message (npuwhisper/segment) for each segment"},
              s.post_messages);
}

void install_search_properties(Installer& add, const Settings& s) {
  const TranscriberOptions& d = s.decoding;
  add.integer(kPropBeamSize,
              {"beam-size", "Beam size",
               "Number of beams at temperature 0 (1: greedy search, the fastest)"},
              1, 32, static_cast<guint>(d.beam_size));
  add.integer(kPropBestOf,
              {"best-of", "Best of", "Number of candidates when sampling at temperatures above 0"},
              1, 32, static_cast<guint>(d.best_of));
  add.number(kPropTemperature,
             {"temperature", "Temperature", "Sampling temperature of the first attempt"}, 0, 1,
             s.temperature);
  add.number(kPropTemperatureIncrement,
             {"temperature-increment", "Temperature increment",
              "Added to the temperature for each new attempt after one fails its thresholds (0: no "
              "new attempts)"},
             0, 1, s.temperature_increment);
  add.number(
      kPropCompressionRatioThreshold,
      {"compression-ratio-threshold", "Compression ratio threshold",
       "An attempt fails if its text compresses better than this, which indicates repetition"},
      0, 100, d.compression_ratio_threshold);
  add.number(kPropLogProbThreshold,
             {"log-prob-threshold", "Log probability threshold",
              "An attempt fails if its average log probability is below this"},
             -100, 0, d.log_prob_threshold);
  add.number(kPropNoSpeechThreshold,
             {"no-speech-threshold", "No-speech threshold",
              "No-speech probability above which a failed attempt counts as silence"},
             0, 1, d.no_speech_threshold);
  add.string(kPropInitialPrompt,
             {"initial-prompt", "Initial prompt",
              "Prompt before the first words, with names and spellings to expect"},
             d.initial_prompt.c_str(), kWhilePlaying);
  add.boolean(kPropConditionOnPreviousText,
              {"condition-on-previous-text", "Condition on previous text",
               "Use the previous text as a prompt for the next"},
              d.condition_on_previous_text);
  add.boolean(kPropSuppressBlank,
              {"suppress-blank", "Suppress blank", "Never begin a segment with white space"},
              d.suppress_blank);
  add.boolean(kPropSuppressNonSpeech,
              {"suppress-non-speech", "Suppress non-speech",
               "Never write symbols that are not spoken, such as brackets and musical notes"},
              d.suppress_non_speech);
}

void install_vad_properties(Installer& add, const Settings& s) {
  const TranscriberOptions& d = s.decoding;
  add.choice(kPropVad,
             {"vad", "Voice activity detection", "Transcribe only audio in which somebody speaks"},
             vad_type(), d.vad, kWhilePlaying);
  add.number(kPropVadThreshold,
             {"vad-threshold", "VAD threshold", "Minimum probability for audio to count as speech"},
             0.01F, 1, d.vad_threshold);
  add.integer(kPropVadMinSpeech,
              {"vad-min-speech", "VAD minimum speech",
               "Minimum duration of speech, in milliseconds; anything shorter is ignored"},
              0, 10000, static_cast<guint>(d.vad_min_speech.count()));
  add.integer(kPropVadMinSilence,
              {"vad-min-silence", "VAD minimum silence",
               "Minimum duration of silence, in milliseconds; shorter pauses count as speech"},
              0, 10000, static_cast<guint>(d.vad_min_silence.count()));
}

void install_readings(Installer& add) {
  add.integer(
      kPropMaxObservedDelay,
      {"max-observed-delay", "Maximum observed delay",
       "Live: longest time from the end of an utterance to its text buffer, in milliseconds"},
      0, G_MAXUINT, 0, kReadOnly);
  add.install(kPropStats,
              g_param_spec_boxed("stats", "Statistics",
                                 "Device, kernels and counters of the element since its creation",
                                 GST_TYPE_STRUCTURE, kReadOnly));
}

std::string string_of(const GValue* value) {
  const char* text = g_value_get_string(value);
  return text != nullptr ? text : "";
}

template <typename Enum>
Enum enum_of(const GValue* value) {
  return static_cast<Enum>(g_value_get_enum(value));
}

}  // namespace

void install_properties(GObjectClass* klass) {
  Installer add(klass);
  const Settings defaults;
  install_engine_properties(add, defaults);
  install_output_properties(add, defaults);
  install_search_properties(add, defaults);
  install_vad_properties(add, defaults);
  install_readings(add);
}

bool set_property(Settings& s, guint id, const GValue* value) {
  TranscriberOptions& d = s.decoding;
  switch (id) {
    case kPropModel:
      s.engine.model = string_of(value);
      return true;
    case kPropDevice:
      s.engine.device = enum_of<DeviceKind>(value);
      return true;
    case kPropNpuStages:
      s.engine.npu_stages = stages_of(g_value_get_flags(value));
      return true;
    case kPropPrecision:
      s.engine.precision = enum_of<Precision>(value);
      return true;
    case kPropThreads:
      s.engine.n_threads = g_value_get_uint(value);
      return true;
    case kPropLanguageCode:
    case kPropLanguage:
      s.language_code = string_of(value);
      return true;
    case kPropLanguages:
      s.languages = string_of(value);
      return true;
    case kPropChineseScript:
      d.chinese_script = enum_of<ChineseScript>(value);
      return true;
    case kPropTask:
      d.task = enum_of<Task>(value);
      return true;
    case kPropOutputMode:
      s.output_mode = enum_of<OutputMode>(value);
      return true;
    case kPropCaptionStyle:
      s.caption_style = enum_of<CaptionStyle>(value);
      return true;
    case kPropCaptionColumns:
      s.caption_columns = g_value_get_uint(value);
      return true;
    case kPropCaptionLines:
      s.caption_lines = g_value_get_uint(value);
      return true;
    case kPropUpperCase:
      s.upper_case = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropWordTimes:
      s.word_times = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropBeamSize:
      d.beam_size = static_cast<int>(g_value_get_uint(value));
      return true;
    case kPropBestOf:
      d.best_of = static_cast<int>(g_value_get_uint(value));
      return true;
    case kPropTemperature:
      s.temperature = g_value_get_float(value);
      return true;
    case kPropTemperatureIncrement:
      s.temperature_increment = g_value_get_float(value);
      return true;
    case kPropCompressionRatioThreshold:
      d.compression_ratio_threshold = g_value_get_float(value);
      return true;
    case kPropLogProbThreshold:
      d.log_prob_threshold = g_value_get_float(value);
      return true;
    case kPropNoSpeechThreshold:
      d.no_speech_threshold = g_value_get_float(value);
      return true;
    case kPropInitialPrompt:
      d.initial_prompt = string_of(value);
      return true;
    case kPropConditionOnPreviousText:
      d.condition_on_previous_text = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropSuppressBlank:
      d.suppress_blank = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropSuppressNonSpeech:
      d.suppress_non_speech = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropVad:
      d.vad = enum_of<Vad>(value);
      return true;
    case kPropVadThreshold:
      d.vad_threshold = g_value_get_float(value);
      return true;
    case kPropVadMinSpeech:
      d.vad_min_speech = std::chrono::milliseconds(g_value_get_uint(value));
      return true;
    case kPropVadMinSilence:
      d.vad_min_silence = std::chrono::milliseconds(g_value_get_uint(value));
      return true;
    case kPropLatency:
    case kPropTranscribeLatency:
      s.latency_ms = g_value_get_uint(value);
      return true;
    case kPropLateness:
      s.lateness_ms = g_value_get_uint(value);
      return true;
    case kPropPartialResults:
      s.partial_results = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropMetaSync:
      s.meta_sync = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropStreaming:
      s.streaming = g_value_get_boolean(value) != FALSE;
      return true;
    case kPropPostMessages:
      s.post_messages = g_value_get_boolean(value) != FALSE;
      return true;
    default:
      return false;
  }
}

bool get_property(const Settings& s, guint id, GValue* value) {
  const TranscriberOptions& d = s.decoding;
  switch (id) {
    case kPropModel:
      g_value_set_string(value, s.engine.model.c_str());
      return true;
    case kPropDevice:
      g_value_set_enum(value, static_cast<int>(s.engine.device));
      return true;
    case kPropNpuStages:
      g_value_set_flags(value, flags_of(s.engine.npu_stages));
      return true;
    case kPropPrecision:
      g_value_set_enum(value, static_cast<int>(s.engine.precision));
      return true;
    case kPropThreads:
      g_value_set_uint(value, s.engine.n_threads);
      return true;
    case kPropLanguageCode:
    case kPropLanguage:
      g_value_set_string(value, s.language_code.c_str());
      return true;
    case kPropLanguages:
      g_value_set_string(value, s.languages.c_str());
      return true;
    case kPropChineseScript:
      g_value_set_enum(value, static_cast<int>(d.chinese_script));
      return true;
    case kPropTask:
      g_value_set_enum(value, static_cast<int>(d.task));
      return true;
    case kPropOutputMode:
      g_value_set_enum(value, static_cast<int>(s.output_mode));
      return true;
    case kPropCaptionStyle:
      g_value_set_enum(value, static_cast<int>(s.caption_style));
      return true;
    case kPropCaptionColumns:
      g_value_set_uint(value, s.caption_columns);
      return true;
    case kPropCaptionLines:
      g_value_set_uint(value, s.caption_lines);
      return true;
    case kPropUpperCase:
      g_value_set_boolean(value, s.upper_case);
      return true;
    case kPropWordTimes:
      g_value_set_boolean(value, s.word_times);
      return true;
    case kPropBeamSize:
      g_value_set_uint(value, static_cast<guint>(d.beam_size));
      return true;
    case kPropBestOf:
      g_value_set_uint(value, static_cast<guint>(d.best_of));
      return true;
    case kPropTemperature:
      g_value_set_float(value, s.temperature);
      return true;
    case kPropTemperatureIncrement:
      g_value_set_float(value, s.temperature_increment);
      return true;
    case kPropCompressionRatioThreshold:
      g_value_set_float(value, d.compression_ratio_threshold);
      return true;
    case kPropLogProbThreshold:
      g_value_set_float(value, d.log_prob_threshold);
      return true;
    case kPropNoSpeechThreshold:
      g_value_set_float(value, d.no_speech_threshold);
      return true;
    case kPropInitialPrompt:
      g_value_set_string(value, d.initial_prompt.c_str());
      return true;
    case kPropConditionOnPreviousText:
      g_value_set_boolean(value, d.condition_on_previous_text);
      return true;
    case kPropSuppressBlank:
      g_value_set_boolean(value, d.suppress_blank);
      return true;
    case kPropSuppressNonSpeech:
      g_value_set_boolean(value, d.suppress_non_speech);
      return true;
    case kPropVad:
      g_value_set_enum(value, static_cast<int>(d.vad));
      return true;
    case kPropVadThreshold:
      g_value_set_float(value, d.vad_threshold);
      return true;
    case kPropVadMinSpeech:
      g_value_set_uint(value, static_cast<guint>(d.vad_min_speech.count()));
      return true;
    case kPropVadMinSilence:
      g_value_set_uint(value, static_cast<guint>(d.vad_min_silence.count()));
      return true;
    case kPropLatency:
    case kPropTranscribeLatency:
      g_value_set_uint(value, s.latency_ms);
      return true;
    case kPropLateness:
      g_value_set_uint(value, s.lateness_ms);
      return true;
    case kPropPartialResults:
      g_value_set_boolean(value, s.partial_results);
      return true;
    case kPropMetaSync:
      g_value_set_boolean(value, s.meta_sync);
      return true;
    case kPropStreaming:
      g_value_set_boolean(value, s.streaming);
      return true;
    case kPropPostMessages:
      g_value_set_boolean(value, s.post_messages);
      return true;
    default:
      return false;
  }
}

}  // namespace npuwhisper
