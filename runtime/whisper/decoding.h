// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "engine/token_decoder.h"
#include "model/config.h"
#include "model/tokenizer.h"
#include "vad/speech_detector.h"
#include "whisper/compression_ratio.h"
#include "whisper/hotword_tree.h"
#include "whisper/logit_rules.h"
#include "whisper/prompt.h"
#include "whisper/search.h"

namespace npuwhisper {

/// The text of one window and the statistics of its decoding.
struct DecodedWindow {
  /// Text and timestamp tokens, without the prompt and the end-of-text token.
  std::vector<Token> tokens{};
  float temperature = 0;
  float average_log_probability = 0;
  float compression_ratio = 0;
  float no_speech_probability = 0;
};

/// The speech detector's results for a window.
struct WindowVoice {
  bool is_spoken = false;  ///< Whether the window has enough speech: see HeardAudio::is_spoken().
  const SpeechDetector* detector = nullptr;  ///< Null without a detector.
  std::int64_t begin = 0;                    ///< First sample of the window.
  std::int64_t end = 0;                      ///< One past the last sample of the window.
};

/// Returns whether the no-speech rule classifies the window as silence, noise or music. By the rule
/// of Radford et al. 2022, a window is silent if its no-speech probability exceeds
/// no_speech_threshold and its text is less probable than log_prob_threshold. This function makes
/// the rule gradual. From half of no_speech_threshold on, the higher the no-speech probability, the
/// more probable the text must be to count as speech. `is_spoken`: a detector found enough speech
/// in the window (HeardAudio::is_spoken()). In this case, text more probable than
/// log_prob_threshold is never silence. docs/architecture.md has the reason and the figures.
bool is_silent(const DecodedWindow& heard, bool is_spoken, const TranscriberOptions& options);

/// Decodes one encoded window. Repeats the decoding at higher temperatures while the text is
/// repetitive or improbable (Radford et al. 2022, section 4.5), or while a segment has far too few
/// words for its amount of voice. Where implementations differ, this class follows faster-whisper
/// 1.2, which has no rule for missing words. If every temperature fails, decode() returns the text
/// with the smallest Flaw, and sets its temperature to the last temperature. Of several such texts,
/// it returns the longest one if words are missing, and otherwise the most probable one. Adds times
/// and counts to `stats`. The constructor allocates all buffers. Reentrant. Errors: those of the
/// decoder and of Search::take().
class WindowDecoder {
 public:
  /// The arguments must outlive this object. The caller has validated the options. `hotwords`: the
  /// tree of options.hotwords; null if there are none.
  WindowDecoder(const Tokenizer& tokenizer, const ModelConfig& config,
                const TranscriberOptions& options, TokenDecoder& decoder, TranscriberStats& stats,
                const HotwordTree* hotwords);

  /// Restarts the random numbers of sampling, so that the same audio produces the same text again.
  void reset() { search_.reseed(options_.seed); }

  /// Decodes the window that the decoder encoded last. If an attempt lacks words, later attempts
  /// omit the text before the window from the prompt, because this text usually causes the error.
  /// `voice`: the speech detector's results. The result is valid until the next call.
  Result<const DecodedWindow*> decode(const Prompt::View& prompt, const WindowVoice& voice = {});

  /// The functions below divide decode() into steps, so that a caller can perform the steps of
  /// several windows together:
  ///
  ///     begin(voice);
  ///     do {
  ///       for (bool more = run_prompt(prompt); more;) more = take(decoder.step(next_tokens()));
  ///     } while (!ends_attempt());
  ///     ... result() ...
  ///
  /// run_prompt() and take() return whether the attempt needs another step. next_tokens() prepares
  /// the decoder's sequences for this step and returns their tokens. ends_attempt() ends an attempt
  /// and returns whether it was the last one.
  void begin(const WindowVoice& voice);
  Result<bool> run_prompt(const Prompt::View& with_text);
  std::span<const Token> next_tokens();
  Result<bool> take(std::span<float> logits);
  bool ends_attempt();
  const DecodedWindow& result() const { return *result_; }

 private:
  /// The flaw of a text, in ascending order of severity. The probability of the text does not
  /// matter here.
  enum class Flaw { None, LacksWords, IsRepetitive };
  /// The text of an attempt and its flaw.
  struct Attempt {
    DecodedWindow text;
    Flaw flaw = Flaw::None;
    std::ptrdiff_t n_text_tokens = 0;  ///< Tokens that are not timestamps; 0 for silence.
    bool is_better_than(const Attempt& other) const;
  };

  void start_search(int max_new, int n_prompt, float temperature);
  float measure_compression(std::span<const Token> tokens);
  bool is_sparse(std::int64_t begin, std::int64_t end, int n_tokens) const;
  bool lacks_words(std::span<const Token> tokens) const;

  const Tokenizer& tokenizer_;
  const TranscriberOptions& options_;
  TokenDecoder& decoder_;
  TranscriberStats& stats_;
  LogitRules rules_;
  Search search_;
  CompressionRatio compression_ratio_;
  std::string text_;
  // The members below describe the current window.
  WindowVoice voice_;
  std::size_t attempt_ = 0;    // index into options_.temperatures
  bool lacked_words_ = false;  // an earlier attempt lacked words
  bool have_best_ = false;
  Attempt now_;   // the current attempt
  Attempt best_;  // the best of the earlier attempts
  const DecodedWindow* result_ = nullptr;
};

/// Returns the number of decoder sequences that a stream with these options needs at once.
int sequences_needed(const TranscriberOptions& options);

}  // namespace npuwhisper
