// SPDX-License-Identifier: LGPL-2.1-or-later
#include "properties.h"

#include <array>
#include <chrono>
#include <concepts>
#include <string>
#include <type_traits>

#include "property_types.h"

namespace npuwhisper {
namespace {

constexpr auto kReadWrite = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
constexpr auto kReadOnly = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
// Flags of properties whose change needs another engine. The change is applied when the element
// goes to READY or PAUSED.
constexpr auto kWhileReady = static_cast<GParamFlags>(kReadWrite | GST_PARAM_MUTABLE_READY);
// Flags of properties whose change is applied immediately. Audio received before the change is
// still transcribed with the old value.
constexpr auto kWhilePlaying = static_cast<GParamFlags>(kReadWrite | GST_PARAM_MUTABLE_PLAYING);
// Flags of properties whose values are clamped to their range. Without clamping, a language binding
// would abort a program that sets a value beyond the range. A bin can also forward such a value
// from its own user.
constexpr auto kNearest = static_cast<GParamFlags>(kWhilePlaying | G_PARAM_LAX_VALIDATION);

/// A property that is a member of Settings. The member's initial value is the property's default.
struct Setting {
  const char* name;
  const char* nick;
  const char* blurb;
  double min = 0;             // Minimum of a number.
  double max = 0;             // Maximum of a number.
  GType (*type)() = nullptr;  // Type of an enum or of flags.
  GParamFlags flags = kWhilePlaying;
  bool remakes_transcriber = true;  // True if a change needs a new transcriber.
  bool suits_video = true;          // True if npuwhisperbin has the property too.

  // Functions for the type of the property's member in Settings. setting() fills them in.
  GParamSpec* (*make_spec)(const Setting&, const Settings& defaults) = nullptr;
  void (*get)(const Settings&, GValue*) = nullptr;
  void (*set)(Settings&, const GValue*) = nullptr;
};

/// Maps a member of type T to a property: spec() creates its GParamSpec with the given default, and
/// get() and set() convert its value.
template <typename T>
struct Value;

template <>
struct Value<std::string> {
  static GParamSpec* spec(const Setting& p, const std::string& initial) {
    return g_param_spec_string(p.name, p.nick, p.blurb, initial.c_str(), p.flags);
  }
  static void get(const std::string& member, GValue* value) {
    g_value_set_string(value, member.c_str());
  }
  static void set(std::string& member, const GValue* value) {
    const char* text = g_value_get_string(value);
    member = text != nullptr ? text : "";
  }
};

template <>
struct Value<bool> {
  static GParamSpec* spec(const Setting& p, bool initial) {
    return g_param_spec_boolean(p.name, p.nick, p.blurb, initial, p.flags);
  }
  static void get(bool member, GValue* value) { g_value_set_boolean(value, member); }
  static void set(bool& member, const GValue* value) {
    member = g_value_get_boolean(value) != FALSE;
  }
};

template <std::integral T>
struct Value<T> {
  static GParamSpec* spec(const Setting& p, T initial) {
    return g_param_spec_uint(p.name, p.nick, p.blurb, static_cast<guint>(p.min),
                             static_cast<guint>(p.max), static_cast<guint>(initial), p.flags);
  }
  static void get(T member, GValue* value) { g_value_set_uint(value, static_cast<guint>(member)); }
  static void set(T& member, const GValue* value) {
    member = static_cast<T>(g_value_get_uint(value));
  }
};

template <>
struct Value<std::chrono::milliseconds> {
  using Milliseconds = std::chrono::milliseconds;
  using Count = Value<Milliseconds::rep>;
  static GParamSpec* spec(const Setting& p, Milliseconds initial) {
    return Count::spec(p, initial.count());
  }
  static void get(Milliseconds member, GValue* value) { Count::get(member.count(), value); }
  static void set(Milliseconds& member, const GValue* value) {
    member = Milliseconds(g_value_get_uint(value));
  }
};

template <>
struct Value<float> {
  static GParamSpec* spec(const Setting& p, float initial) {
    return g_param_spec_float(p.name, p.nick, p.blurb, static_cast<float>(p.min),
                              static_cast<float>(p.max), initial, p.flags);
  }
  static void get(float member, GValue* value) { g_value_set_float(value, member); }
  static void set(float& member, const GValue* value) { member = g_value_get_float(value); }
};

template <typename T>
requires std::is_enum_v<T>
struct Value<T> {
  static GParamSpec* spec(const Setting& p, T initial) {
    return g_param_spec_enum(p.name, p.nick, p.blurb, p.type(), static_cast<int>(initial), p.flags);
  }
  static void get(T member, GValue* value) { g_value_set_enum(value, static_cast<int>(member)); }
  static void set(T& member, const GValue* value) {
    member = static_cast<T>(g_value_get_enum(value));
  }
};

template <>
struct Value<NpuStages> {
  static GParamSpec* spec(const Setting& p, const NpuStages& initial) {
    return g_param_spec_flags(p.name, p.nick, p.blurb, p.type(), flags_of(initial), p.flags);
  }
  static void get(const NpuStages& member, GValue* value) {
    g_value_set_flags(value, flags_of(member));
  }
  static void set(NpuStages& member, const GValue* value) {
    member = stages_of(g_value_get_flags(value));
  }
};

/// Returns `row` with the functions that create the property's GParamSpec, and that get and set its
/// value. `Member` is the type of a lambda without captures. The lambda takes a Settings and
/// returns the member that holds the property's value.
template <typename Member>
constexpr Setting setting(Member, Setting row) {
  using V = Value<std::remove_cvref_t<std::invoke_result_t<Member, Settings&>>>;
  row.make_spec = [](const Setting& p, const Settings& defaults) {
    return V::spec(p, Member{}(defaults));
  };
  row.get = [](const Settings& settings, GValue* value) { V::get(Member{}(settings), value); };
  row.set = [](Settings& settings, const GValue* value) { V::set(Member{}(settings), value); };
  return row;
}

// The ID of a property is its position in this table, counted from 1.
constexpr std::array kSettings = {
    // Settings for the engine.
    setting([](auto& s) -> auto& { return s.engine.model; },
            {.name = "model",
             .nick = "Model",
             .blurb = "Name of a Whisper model (base, turbo, ...) or path of its folder or file",
             .flags = kWhileReady}),
    setting([](auto& s) -> auto& { return s.engine.device; },
            {.name = "device",
             .nick = "Device",
             .blurb = "Device that runs the model",
             .type = device_type,
             .flags = kWhileReady}),
    setting([](auto& s) -> auto& { return s.engine.npu_stages; },
            {.name = "npu-stages",
             .nick = "NPU stages",
             .blurb = "Stages that run on an NPU (no stage given: auto)",
             .type = npu_stages_type,
             .flags = kWhileReady}),
    setting([](auto& s) -> auto& { return s.engine.precision; },
            {.name = "precision",
             .nick = "Precision",
             .blurb = "Number format of the model's computations",
             .type = precision_type,
             .flags = kWhileReady}),
    setting([](auto& s) -> auto& { return s.engine.n_threads; },
            {.name = "n-threads",
             .nick = "Threads",
             .blurb = "Number of compute threads (0: one per physical core)",
             .max = 1024,
             .flags = kWhileReady}),
    // Settings for the text.
    setting([](auto& s) -> auto& { return s.language_code; },
            {.name = "language-code",
             .nick = "Language code",
             .blurb = "Spoken language, such as en, en-US or English (auto or empty: detect)"}),
    setting([](auto& s) -> auto& { return s.language_code; },
            {.name = "language", .nick = "Language", .blurb = "Alias of language-code"}),
    setting([](auto& s) -> auto& { return s.languages; },
            {.name = "languages",
             .nick = "Languages",
             .blurb = "Candidates for language detection, such as en,de,es (empty: all); ignored "
                      "if language-code is set"}),
    setting([](auto& s) -> auto& { return s.decoding.chinese_script; },
            {.name = "chinese-script",
             .nick = "Chinese script",
             .blurb = "Script of Chinese and Cantonese text",
             .type = chinese_script_type}),
    setting([](auto& s) -> auto& { return s.decoding.task; },
            {.name = "task",
             .nick = "Task",
             .blurb = "Transcribe, or translate into English",
             .type = task_type}),
    setting([](auto& s) -> auto& { return s.output_mode; },
            {.name = "output-mode",
             .nick = "Output mode",
             .blurb = "Content of each text buffer",
             .type = output_mode_type}),
    setting([](auto& s) -> auto& { return s.caption_style; },
            {.name = "caption-style",
             .nick = "Caption style",
             .blurb = "Line layout and timing of captions, with output-mode=segment",
             .type = caption_style_type}),
    setting([](auto& s) -> auto& { return s.caption_columns; },
            {.name = "caption-columns",
             .nick = "Caption columns",
             .blurb = "Columns per caption line, at least 8 (0: default of caption-style)",
             .max = 1000}),
    setting([](auto& s) -> auto& { return s.caption_lines; },
            {.name = "caption-lines",
             .nick = "Caption lines",
             .blurb = "Maximum number of lines per caption (0: default of caption-style)",
             .max = 15}),
    setting([](auto& s) -> auto& { return s.upper_case; },
            {.name = "upper-case",
             .nick = "Upper case",
             .blurb = "Write captions in upper case (no effect with caption-style=none)"}),
    setting([](auto& s) -> auto& { return s.word_times; },
            {.name = "word-times",
             .nick = "Word times",
             .blurb = "Compute the time of each word for JSON output (implied by output-mode=word "
                      "and by every caption-style except none)"}),
    // Settings for the search.
    setting([](auto& s) -> auto& { return s.decoding.beam_size; },
            {.name = "beam-size",
             .nick = "Beam size",
             .blurb = "Number of beams at temperature 0 (1: greedy search, the fastest)",
             .min = 1,
             .max = 32}),
    setting([](auto& s) -> auto& { return s.decoding.best_of; },
            {.name = "best-of",
             .nick = "Best of",
             .blurb = "Number of candidates when sampling at temperatures above 0",
             .min = 1,
             .max = 32}),
    setting(
        [](auto& s) -> auto& { return s.decoding.batch; },
        {.name = "batch",
         .nick = "Batch",
         .blurb = "Files: maximum number of pieces of audio, cut at pauses, to decode together; "
                  "a piece has no earlier text in its prompt (1: one after another, 0: auto)",
         .max = kMaxBatch,
         .suits_video = false}),
    setting([](auto& s) -> auto& { return s.temperature; },
            {.name = "temperature",
             .nick = "Temperature",
             .blurb = "Sampling temperature of the first attempt",
             .max = 1}),
    setting([](auto& s) -> auto& { return s.temperature_increment; },
            {.name = "temperature-increment",
             .nick = "Temperature increment",
             .blurb = "Increase of the temperature for each retry after a failed attempt (0: no "
                      "retries)",
             .max = 1}),
    setting(
        [](auto& s) -> auto& { return s.decoding.compression_ratio_threshold; },
        {.name = "compression-ratio-threshold",
         .nick = "Compression ratio threshold",
         .blurb =
             "Maximum compression ratio of a text; an attempt with a higher ratio fails, because "
             "the text repeats itself",
         .max = 100}),
    setting([](auto& s) -> auto& { return s.decoding.log_prob_threshold; },
            {.name = "log-prob-threshold",
             .nick = "Log probability threshold",
             .blurb = "An attempt fails if its average log probability is below this",
             .min = -100}),
    setting([](auto& s) -> auto& { return s.decoding.no_speech_threshold; },
            {.name = "no-speech-threshold",
             .nick = "No-speech threshold",
             .blurb = "No-speech probability at which improbable text counts as silence; the limit "
                      "is gradual from half this value",
             .max = 1}),
    setting([](auto& s) -> auto& { return s.decoding.initial_prompt; },
            {.name = "initial-prompt",
             .nick = "Initial prompt",
             .blurb = "Prompt before the first words, with names and spellings to expect"}),
    setting([](auto& s) -> auto& { return s.decoding.hotwords; },
            {.name = "hotwords",
             .nick = "Hotwords",
             .blurb = "Names and phrases to prefer in the text, separated by commas or newlines"}),
    setting([](auto& s) -> auto& { return s.decoding.replacements; },
            {.name = "replacements",
             .nick = "Replacements",
             .blurb = "Phrases to replace in the text, one per line: PHRASE = REPLACEMENT"}),
    setting([](auto& s) -> auto& { return s.decoding.condition_on_previous_text; },
            {.name = "condition-on-previous-text",
             .nick = "Condition on previous text",
             .blurb = "Use the text of the previous window as a prompt for the next window"}),
    setting(
        [](auto& s) -> auto& { return s.decoding.suppress_blank; },
        {.name = "suppress-blank",
         .nick = "Suppress blank",
         .blurb = "Never begin the text of a window with a lone blank or with the end of text"}),
    setting(
        [](auto& s) -> auto& { return s.decoding.suppress_non_speech; },
        {.name = "suppress-non-speech",
         .nick = "Suppress non-speech",
         .blurb = "Never write symbols that are not spoken, such as brackets and musical notes"}),
    // Settings for speech detection.
    setting([](auto& s) -> auto& { return s.decoding.vad; },
            {.name = "vad",
             .nick = "Voice activity detection",
             .blurb = "Transcribe only audio that contains speech",
             .type = vad_type}),
    setting([](auto& s) -> auto& { return s.decoding.vad_threshold; },
            {.name = "vad-threshold",
             .nick = "VAD threshold",
             .blurb = "Minimum probability for audio to count as speech",
             .min = 0.01,
             .max = 1}),
    setting([](auto& s) -> auto& { return s.decoding.vad_min_speech; },
            {.name = "vad-min-speech",
             .nick = "VAD minimum speech",
             .blurb = "Minimum duration of speech, in milliseconds; anything shorter is ignored",
             .max = 10000}),
    setting(
        [](auto& s) -> auto& { return s.decoding.vad_min_silence; },
        {.name = "vad-min-silence",
         .nick = "VAD minimum silence",
         .blurb = "Minimum duration of silence, in milliseconds; shorter pauses count as speech",
         .max = 10000}),
    // Settings for latency and output.
    setting([](auto& s) -> auto& { return s.latency_ms; },
            {.name = "latency",
             .nick = "Latency",
             .blurb = "Live: maximum time from speech to text within the element, in milliseconds",
             .min = 1000,
             .max = 60000,
             .flags = kNearest}),
    setting([](auto& s) -> auto& { return s.latency_ms; },
            {.name = "transcribe-latency",
             .nick = "Transcribe latency",
             .blurb = "Alias of latency, the name used by bins that wrap a transcriber",
             .min = 1000,
             .max = 60000,
             .flags = kNearest}),
    setting(
        [](auto& s) -> auto& { return s.lateness_ms; },
        {.name = "lateness",
         .nick = "Lateness",
         .blurb = "Milliseconds by which text is later than its audio; gives transcription more "
                  "time without adding to the latency",
         .max = 60000,
         .flags = kNearest}),
    setting(
        [](auto& s) -> auto& { return s.partial_results; },
        {.name = "partial-results",
         .nick = "Partial results",
         .blurb = "Live: also send recognised words that may still change, as JSON on unsynced_src",
         .remakes_transcriber = false}),
    setting(
        [](auto& s) -> auto& { return s.meta_sync; },
        {.name = "meta-sync",
         .nick = "Meta sync",
         .blurb =
             "Delay audio_src by the latency, so that each meta is on the audio that it describes",
         .remakes_transcriber = false}),
    setting([](auto& s) -> auto& { return s.streaming; },
            {.name = "streaming",
             .nick = "Streaming",
             .blurb =
                 "Sources that are not live: transcribe as if the source were live, with the delay "
                 "`latency`, instead of in windows of 30 s"}),
    setting([](auto& s) -> auto& { return s.post_messages; },
            {.name = "post-messages",
             .nick = "Post messages",
             .blurb = "Post an element message (npuwhisper/segment) for each segment",
             .remakes_transcriber = false}),
};
static_assert(kSettings.size() < kPropMaxObservedDelay);

/// Returns the setting with this property id, or nullptr if no setting has this id.
const Setting* find(guint id) {
  return id >= 1 && id <= kSettings.size() ? &kSettings[id - 1] : nullptr;
}

}  // namespace

void install_properties(GObjectClass* klass, PropertySet set) {
  const Settings defaults;
  for (guint id = 1; id <= kSettings.size(); ++id) {
    const Setting& row = kSettings[id - 1];
    if (set == PropertySet::SuitsVideo && !row.suits_video) continue;
    g_object_class_install_property(klass, id, row.make_spec(row, defaults));
  }
  g_object_class_install_property(
      klass, kPropMaxObservedDelay,
      g_param_spec_uint(
          "max-observed-delay", "Maximum observed delay",
          "Live: longest time from the end of an utterance to its text buffer, in milliseconds", 0,
          G_MAXUINT, 0, kReadOnly));
  g_object_class_install_property(
      klass, kPropStats,
      g_param_spec_boxed("stats", "Statistics",
                         "Device, kernels and counters of the element since its creation",
                         GST_TYPE_STRUCTURE, kReadOnly));
}

bool set_property(Settings& settings, guint id, const GValue* value) {
  const Setting* row = find(id);
  if (row != nullptr) row->set(settings, value);
  return row != nullptr;
}

bool get_property(const Settings& settings, guint id, GValue* value) {
  const Setting* row = find(id);
  if (row != nullptr) row->get(settings, value);
  return row != nullptr;
}

bool remakes_transcriber(guint id) {
  const Setting* row = find(id);
  return row != nullptr && row->remakes_transcriber;
}

}  // namespace npuwhisper
