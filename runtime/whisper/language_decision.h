// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "model/tokenizer.h"
#include "whisper/token_decoder.h"

namespace npuwhisper {

/// A language whose probability is at least this is taken for certain: it is then more probable
/// than all others together.
inline constexpr float kSureProbability = 0.5F;

/// Decides which language a stream is in: the one that the options name, else the most probable
/// candidate by the windows that were heard so far.
///
/// Windows count as independent observations with a uniform prior: the decision multiplies their
/// probabilities. A window with little speech says little, so each exponent is the window's length
/// relative to the longest one.
///
/// Call order: (hear_window keep_window?)*, reset() at any time. A window that is heard again
/// replaces what was kept of it. Reentrant. Allocates nothing after construction.
class LanguageDecision {
 public:
  /// Candidates are options.languages, or all languages of the model if that is empty. The options
  /// were validated; `tokenizer` must outlive this object.
  LanguageDecision(const Tokenizer& tokenizer, const TranscriberOptions& options);

  /// True if nothing has to be detected: the options name the language or a single candidate, or
  /// the model is English-only.
  bool is_given() const { return !given_.empty(); }
  /// Detects the language in the window that `decoder` encoded last. The window begins at mel frame
  /// `first_frame` and holds `n_samples` of audio. Forgets the decoder's sequences. For languages
  /// that are not given only. Errors: those of the decoder.
  Result<void> hear_window(TokenDecoder& decoder, std::int64_t first_frame, std::int64_t n_samples);
  /// The window heard last has speech: what was found in it counts from now on.
  void keep_window();
  /// The stream begins anew.
  void reset();

  /// The best candidate, with the window heard last; empty before the first.
  std::string_view code() const;
  /// Its token; none before the first window, or if the model is English-only.
  std::optional<Token> token() const;
  /// Its probability among the candidates: 1 if it is given, 0 before the first window.
  float probability() const { return is_given() ? 1.0F : probability_; }
  /// True if no further window is worth asking: the kept windows make the best candidate certain,
  /// or they hold so much audio that more would not help.
  bool is_settled() const;

 private:
  std::span<const Token> candidates() const { return candidates_; }
  void choose();

  const Tokenizer& tokenizer_;
  std::string_view given_;  // Of the tokenizer, or "en".
  std::vector<Token> candidates_;

  /// What one window says.
  struct Window {
    std::vector<float> log_probabilities;  // Of the candidates, normalised.
    std::int64_t first_frame = -1;         // -1: none.
    std::int64_t n_samples = 0;
  };
  Window heard_;
  Window kept_;               // The newest window that was kept.
  std::vector<float> sum_;    // Of earlier ones: log probabilities times n_samples.
  std::int64_t longest_ = 0;  // Samples of the longest window in sum_.
  std::int64_t n_kept_ = 0;   // Samples of all windows in sum_.
  std::vector<float> combined_;
  std::size_t best_ = 0;  // Index of a candidate.
  float probability_ = 0;
  float kept_probability_ = 0;
};

}  // namespace npuwhisper
