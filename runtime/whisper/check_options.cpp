// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/check_options.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>

#include "model/utf8.h"

namespace npuwhisper {
namespace {

/// Maximum number of beams or candidates. In Whisper base with 16-bit values, the self-attention
/// cache takes 5.5 MB for one sequence and 2.8 MB for each further one.
constexpr int kMaxSequences = 32;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
/// With a latency below kLeastLatency, no word is complete in time. With a latency above
/// kMostLatency, a window could be full before its first word is due.
constexpr std::chrono::milliseconds kLeastLatency{500};
constexpr std::chrono::milliseconds kMostLatency{20'000};

template <typename Value>
Failure invalid(std::string_view option, const Value& found, std::string_view wanted) {
  std::ostringstream message;
  message << option << ": found " << found << ", wanted " << wanted;
  return fail(ErrorCode::InvalidArgument, message.str());
}

/// Returns whether the value is in [low, high]; false for NaN.
bool within(float value, float low, float high) {
  return value >= low && value <= high;
}

/// Returns the languages of a multilingual model, separated by commas.
std::string known_codes(const Tokenizer& tokenizer) {
  std::string codes;
  for (const Token token : tokenizer.language_tokens()) {
    codes += codes.empty() ? "" : ", ";
    codes += tokenizer.language_code(token);
  }
  return codes;
}

/// Checks options.languages, the candidates for language detection. An English-only model detects
/// no language, but candidates for such a model must include English.
Result<void> check_candidates(const TranscriberOptions& options, const Tokenizer& tokenizer) {
  if (options.languages.empty()) return {};
  if (!tokenizer.is_multilingual()) {
    if (std::ranges::find(options.languages, "en") != options.languages.end()) return {};
    return invalid(
        "languages", in_quotes(options.languages.front()),
        "a list with 'en', or a multilingual model such as 'base'; this model is English-only");
  }
  std::string unknown;
  for (const std::string& code : options.languages) {
    if (tokenizer.has_language(code)) continue;
    unknown += (unknown.empty() ? "" : ", ") + in_quotes(code);
  }
  if (unknown.empty()) return {};
  return invalid("languages", unknown, "nothing (all) or some of " + known_codes(tokenizer));
}

Result<void> check_language(const TranscriberOptions& options, const Tokenizer& tokenizer) {
  const std::string& language = options.language;
  if (!tokenizer.is_multilingual()) {
    if (!language.empty() && language != "en") {
      return invalid("language", in_quotes(language),
                     "'en', or a multilingual model such as 'base'; this model is English-only");
    }
    if (options.task == Task::Translate) {
      return invalid("task", "translate", "transcribe: the model is English-only");
    }
    return {};
  }
  if (language.empty() || tokenizer.language_token(language)) return {};
  return invalid("language", in_quotes(language),
                 "nothing (detect it) or one of " + known_codes(tokenizer));
}

Result<void> check_search(const TranscriberOptions& options) {
  const std::string sequences = "1 to " + std::to_string(kMaxSequences);
  if (options.beam_size < 1 || options.beam_size > kMaxSequences) {
    return invalid("beam_size", options.beam_size, sequences);
  }
  if (options.best_of < 1 || options.best_of > kMaxSequences) {
    return invalid("best_of", options.best_of, sequences);
  }
  if (!within(options.patience, std::numeric_limits<float>::min(), 100.0F)) {
    return invalid("patience", options.patience, "more than 0, at most 100");
  }
  if (!within(options.length_penalty, 0.0F, 10.0F)) {
    return invalid("length_penalty", options.length_penalty, "0 to 10");
  }
  if (options.temperatures.empty()) return invalid("temperatures", "none", "at least one");
  for (const float temperature : options.temperatures) {
    if (!within(temperature, 0.0F, 10.0F)) return invalid("temperatures", temperature, "0 to 10");
  }
  return {};
}

Result<void> check_batch(const TranscriberOptions& options) {
  if (options.batch < 0 || options.batch > kMaxBatch) {
    return invalid("batch", options.batch, "1 to " + std::to_string(kMaxBatch) + ", or 0 (auto)");
  }
  if (options.batch > 1 && !options.live_latency && options.vad == Vad::Off) {
    return invalid("batch", options.batch,
                   "1: with vad=off, the pauses between pieces of audio are not known");
  }
  return {};
}

Result<void> check_thresholds(const TranscriberOptions& options) {
  if (!within(options.compression_ratio_threshold, 0.0F, kInfinity)) {
    return invalid("compression_ratio_threshold", options.compression_ratio_threshold,
                   "0 or more (infinity: never)");
  }
  if (!within(options.log_prob_threshold, -kInfinity, kInfinity)) {
    return invalid("log_prob_threshold", options.log_prob_threshold,
                   "a number (minus infinity: never)");
  }
  if (!within(options.no_speech_threshold, 0.0F, kInfinity)) {
    return invalid("no_speech_threshold", options.no_speech_threshold, "0 to 1 (more: never)");
  }
  if (!within(options.max_initial_timestamp, 0.0F, 30.0F)) {
    return invalid("max_initial_timestamp", options.max_initial_timestamp, "0 to 30 seconds");
  }
  if (!within(options.prompt_reset_on_temperature, 0.0F, kInfinity)) {
    return invalid("prompt_reset_on_temperature", options.prompt_reset_on_temperature,
                   "0 or more (infinity: never)");
  }
  return {};
}

Result<void> check_vad(const TranscriberOptions& options) {
  constexpr std::chrono::milliseconds kMost{10'000};
  const auto check = [&](std::string_view option, std::chrono::milliseconds found) -> Result<void> {
    if (found >= std::chrono::milliseconds(0) && found <= kMost) return {};
    return invalid(option, std::to_string(found.count()) + " ms",
                   "0 to " + std::to_string(kMost.count()) + " ms");
  };
  if (!within(options.vad_threshold, 0.01F, 1.0F)) {
    return invalid("vad_threshold", options.vad_threshold, "0.01 to 1");
  }
  if (const auto ok = check("vad_min_speech", options.vad_min_speech); !ok) return ok;
  return check("vad_min_silence", options.vad_min_silence);
}

}  // namespace

Result<void> check_options(const TranscriberOptions& options, const Tokenizer& tokenizer) {
  if (const auto ok = check_language(options, tokenizer); !ok) return ok;
  if (const auto ok = check_candidates(options, tokenizer); !ok) return ok;
  if (const auto ok = check_search(options); !ok) return ok;
  if (const auto ok = check_batch(options); !ok) return ok;
  if (const auto ok = check_thresholds(options); !ok) return ok;
  if (const auto ok = check_vad(options); !ok) return ok;
  if (options.live_latency &&
      (*options.live_latency < kLeastLatency || *options.live_latency > kMostLatency)) {
    return invalid("live_latency", std::to_string(options.live_latency->count()) + " ms",
                   std::to_string(kLeastLatency.count()) + " to " +
                       std::to_string(kMostLatency.count()) + " ms");
  }
  return {};
}

}  // namespace npuwhisper
