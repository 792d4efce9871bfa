// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "engine/token_decoder.h"
#include "model/tokenizer.h"

namespace npuwhisper {

/// A language with at least this probability counts as certain, because it is at least as probable
/// as all other candidates together.
inline constexpr float kSureProbability = 0.5F;

/// Decides the language of a stream. The language is the one that the options name, or else the
/// most probable candidate given the windows so far.
///
/// Windows count as independent observations with a uniform prior: the decision multiplies their
/// probabilities. A short window is weak evidence, so each window's probabilities are raised to a
/// power. The power is the window's length divided by the length of the longest window.
///
/// Call order: (hear_window keep_window?)*, reset() at any time. If hear_window() runs again on the
/// window that was kept last (same first frame), the new result replaces the kept result.
/// Reentrant. Allocates nothing after construction.
class LanguageDecision {
 public:
  /// If options.language is set, it is the only candidate. Otherwise, the candidates are
  /// options.languages, or all languages of the model if that list is empty. The caller has
  /// validated the options. `tokenizer` must outlive this object.
  LanguageDecision(const Tokenizer& tokenizer, const TranscriberOptions& options);

  /// Returns true if the language needs no detection: the options name the language or only one
  /// candidate, or the model is English-only.
  bool is_given() const { return !given_.empty(); }
  /// Detects the language in the window that `decoder` encoded last. The window begins at mel frame
  /// `first_frame` and holds `n_samples` samples of audio. Replaces the decoder's sequences.
  /// Requires !is_given(). Errors: those of the decoder.
  Result<void> hear_window(TokenDecoder& decoder, std::int64_t first_frame, std::int64_t n_samples);
  /// Keeps the result of the last window for all later decisions. Call this function only if the
  /// window has speech.
  void keep_window();
  /// Starts a new stream.
  void reset();

  /// Returns the code of the given language, or else of the best candidate according to the kept
  /// windows and the last window. Returns an empty code before the first window if no language is
  /// given.
  std::string_view code() const;
  /// Returns the token of the language that code() returns. Returns no token if code() is empty, or
  /// if the model is English-only.
  std::optional<Token> token() const;
  /// Returns the best candidate's probability among the candidates: 1 if the language is given, 0
  /// before the first window.
  float probability() const { return is_given() ? 1.0F : probability_; }
  /// Returns true if later windows need no detection: the language is given, the kept windows make
  /// the best candidate certain, or the kept windows hold one minute of audio.
  bool is_settled() const;

 private:
  std::span<const Token> candidates() const { return candidates_; }
  void choose();

  const Tokenizer& tokenizer_;
  std::string_view given_;  // owned by the tokenizer, or "en"
  std::vector<Token> candidates_;

  /// The result of one window.
  struct Window {
    std::vector<float> log_probabilities;  // [n_candidates], normalised
    std::int64_t first_frame = -1;         // -1: no window
    std::int64_t n_samples = 0;
  };
  Window heard_;
  Window kept_;               // the newest window that was kept
  std::vector<float> sum_;    // log probability * n_samples, summed over earlier kept windows
  std::int64_t longest_ = 0;  // samples of the longest window in sum_
  std::int64_t n_kept_ = 0;   // samples of all windows in sum_
  std::vector<float> combined_;
  std::size_t best_ = 0;  // index into candidates_
  float probability_ = 0;
  float kept_probability_ = 0;
};

}  // namespace npuwhisper
