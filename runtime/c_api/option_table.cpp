// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>
#include <string>
#include <type_traits>
#include <utility>

#include <npuwhisper/languages.h>

#include "c_api/option_values.h"
#include "c_api/options.h"
#include "model/utf8.h"

namespace npuwhisper {
namespace {

/// Returns a row for an option whose texts `parse` converts. `Member` and `Parse` are the types of
/// lambdas without captures. The first takes npuwhisper_options and returns the member that holds
/// the option's value.
template <typename Member, typename Parse>
constexpr Option option(const char* option_name, Member, Parse) {
  return {option_name,
          [](npuwhisper_options& options, std::string_view name,
             std::string_view text) -> Result<void> {
            auto value = Parse{}(name, text);
            if (!value) return fail(value.error());
            Member{}(options) = std::move(*value);
            return {};
          }};
}

/// Returns a row for an option whose type has an OptionValue.
template <typename Member>
constexpr Option option(const char* option_name, Member member) {
  using Type = std::remove_cvref_t<std::invoke_result_t<Member, npuwhisper_options&>>;
  return option(option_name, member, [](std::string_view name, std::string_view text) {
    return OptionValue<Type>::parse(name, text);
  });
}

constexpr auto kUtf8 = [](std::string_view name, std::string_view text) -> Result<std::string> {
  if (is_valid_utf8(text)) return std::string(text);
  return wrong_value(name, to_valid_utf8(text), "UTF-8");
};

constexpr auto kTask = [](std::string_view name, std::string_view text) {
  return parse_name<Task>({{"transcribe", Task::Transcribe}, {"translate", Task::Translate}}, name,
                          text);
};

constexpr auto kScript = [](std::string_view name, std::string_view text) {
  return parse_name<ChineseScript>({{"auto", ChineseScript::Auto},
                                    {"simplified", ChineseScript::Simplified},
                                    {"traditional", ChineseScript::Traditional}},
                                   name, text);
};

constexpr auto kVad = [](std::string_view name, std::string_view text) {
  return parse_name<Vad>({{"auto", Vad::Auto}, {"on", Vad::On}, {"off", Vad::Off}}, name, text);
};

constexpr auto kPace = [](std::string_view name, std::string_view text) {
  return parse_name<Pace>({{"real-time", Pace::RealTime}, {"audio", Pace::Audio}}, name, text);
};

constexpr std::array kOptions = {
    // Options of the engine.
    option(
        "model", [](auto& o) -> auto& { return o.engine.model; }),
    option(
        "device", [](auto& o) -> auto& { return o.engine.device; },
        [](std::string_view, std::string_view text) { return parse_device_kind(text); }),
    option(
        "npu-stages", [](auto& o) -> auto& { return o.engine.npu_stages; },
        [](std::string_view, std::string_view text) { return parse_npu_stages(text); }),
    option(
        "precision", [](auto& o) -> auto& { return o.engine.precision; },
        [](std::string_view, std::string_view text) { return parse_precision(text); }),
    option(
        "n-threads", [](auto& o) -> auto& { return o.engine.n_threads; }),
    // Options for transcription.
    option(
        "language", [](auto& o) -> auto& { return o.transcriber.language; },
        [](std::string_view, std::string_view text) { return parse_language(text); }),
    option(
        "languages", [](auto& o) -> auto& { return o.transcriber.languages; },
        [](std::string_view, std::string_view text) { return parse_languages(text); }),
    option(
        "chinese-script", [](auto& o) -> auto& { return o.transcriber.chinese_script; }, kScript),
    option(
        "task", [](auto& o) -> auto& { return o.transcriber.task; }, kTask),
    option(
        "word-times", [](auto& o) -> auto& { return o.transcriber.word_times; }),
    // Options of the search.
    option(
        "beam-size", [](auto& o) -> auto& { return o.transcriber.beam_size; }),
    option(
        "best-of", [](auto& o) -> auto& { return o.transcriber.best_of; }),
    option(
        "patience", [](auto& o) -> auto& { return o.transcriber.patience; }),
    option(
        "length-penalty", [](auto& o) -> auto& { return o.transcriber.length_penalty; }),
    option(
        "batch", [](auto& o) -> auto& { return o.transcriber.batch; }),
    option(
        "temperatures", [](auto& o) -> auto& { return o.transcriber.temperatures; }),
    option(
        "compression-ratio-threshold",
        [](auto& o) -> auto& { return o.transcriber.compression_ratio_threshold; }),
    option(
        "log-prob-threshold", [](auto& o) -> auto& { return o.transcriber.log_prob_threshold; }),
    option(
        "no-speech-threshold", [](auto& o) -> auto& { return o.transcriber.no_speech_threshold; }),
    option(
        "max-initial-timestamp",
        [](auto& o) -> auto& { return o.transcriber.max_initial_timestamp; }),
    option(
        "prompt-reset-on-temperature",
        [](auto& o) -> auto& { return o.transcriber.prompt_reset_on_temperature; }),
    option(
        "initial-prompt", [](auto& o) -> auto& { return o.transcriber.initial_prompt; }, kUtf8),
    option(
        "hotwords", [](auto& o) -> auto& { return o.transcriber.hotwords; }, kUtf8),
    option(
        "replacements", [](auto& o) -> auto& { return o.transcriber.replacements; }, kUtf8),
    option(
        "condition-on-previous-text",
        [](auto& o) -> auto& { return o.transcriber.condition_on_previous_text; }),
    option(
        "suppress-blank", [](auto& o) -> auto& { return o.transcriber.suppress_blank; }),
    option(
        "suppress-non-speech", [](auto& o) -> auto& { return o.transcriber.suppress_non_speech; }),
    option(
        "seed", [](auto& o) -> auto& { return o.transcriber.seed; }),
    // Options of voice activity detection.
    option(
        "vad", [](auto& o) -> auto& { return o.transcriber.vad; }, kVad),
    option(
        "vad-threshold", [](auto& o) -> auto& { return o.transcriber.vad_threshold; }),
    option(
        "vad-min-speech", [](auto& o) -> auto& { return o.transcriber.vad_min_speech; }),
    option(
        "vad-min-silence", [](auto& o) -> auto& { return o.transcriber.vad_min_silence; }),
    // Options of live streams.
    option(
        "live-latency", [](auto& o) -> auto& { return o.transcriber.live_latency; }),
    option(
        "pace", [](auto& o) -> auto& { return o.transcriber.pace; }, kPace),
};

}  // namespace

std::span<const Option> option_table() {
  return kOptions;
}

}  // namespace npuwhisper
