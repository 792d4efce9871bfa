// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "model/config.h"
#include "model/tokenizer.h"
#include "whisper/compression_ratio.h"
#include "whisper/logit_rules.h"
#include "whisper/prompt.h"
#include "whisper/search.h"
#include "whisper/token_decoder.h"

namespace npuwhisper {

/// What was heard in one window.
struct DecodedWindow {
  std::vector<Token> tokens{};  ///< Text and timestamps, without prompt and end of text.
  float temperature = 0;
  float average_log_probability = 0;
  float compression_ratio = 0;
  float no_speech_probability = 0;
};

/// The no-speech rule: whether the window is taken for silence, noise or music. The paper's rule
/// (text less probable than log_prob_threshold in a window above no_speech_threshold) with a soft
/// edge: from half the threshold on the text must be the more probable the less likely speech is.
/// `is_spoken`: a detector heard enough speech in the window (HeardAudio::is_spoken()). The edge is
/// then hard: text that is more probable than log_prob_threshold is never silence.
/// docs/architecture.md has the reason and the figures.
bool is_silent(const DecodedWindow& heard, bool is_spoken, const TranscriberOptions& options);

/// Decodes one encoded window, again at higher temperatures while the text is repetitive or
/// improbable (Radford et al. 2022, section 4.5). Where implementations differ, as faster-whisper
/// 1.2: if every temperature fails, the most probable of the texts that are not repetitive is taken
/// (of all, if none is), with the last temperature. Times and counts are added to `stats`.
/// All buffers are allocated by the constructor. Reentrant. Errors: those of the decoder.
class WindowDecoder {
 public:
  /// The arguments must outlive this object. The options were validated before.
  WindowDecoder(const Tokenizer& tokenizer, const ModelConfig& config,
                const TranscriberOptions& options, TokenDecoder& decoder, TranscriberStats& stats);

  /// Sampling starts over: the same audio then gives the same text.
  void reset() { search_.reseed(options_.seed); }

  /// `is_spoken`: as is_silent() takes it. The result lives until the next call.
  Result<const DecodedWindow*> decode(const Prompt::View& prompt, bool is_spoken = false);

 private:
  Result<void> decode_at(float temperature, const Prompt::View& prompt);
  Result<const Hypothesis*> search(std::span<float> logits, int max_new, float temperature);
  float measure_compression(std::span<const Token> tokens);

  const Tokenizer& tokenizer_;
  const TranscriberOptions& options_;
  TokenDecoder& decoder_;
  TranscriberStats& stats_;
  LogitRules rules_;
  Search search_;
  CompressionRatio compression_ratio_;
  std::string text_;
  DecodedWindow now_;
  DecodedWindow best_;
};

/// Decoder sequences that a stream with these options needs at once.
int sequences_needed(const TranscriberOptions& options);

}  // namespace npuwhisper
