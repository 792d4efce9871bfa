// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

namespace npuwhisper {

/// Whisper's encoder and decoder as search and word timing see them: one window of audio, and a set
/// of token sequences that grow by one token a step. Reentrant. Every call may fail with Cancelled,
/// DeviceError or Timeout. Spans that are returned belong to the decoder and live until its next
/// call; the caller may write into logits.
class TokenDecoder {
 public:
  virtual ~TokenDecoder() = default;

  virtual int n_vocab() const = 0;
  /// Most sequences at once (beams or candidates).
  virtual int max_sequences() const = 0;
  /// Longest sequence, prompt included (448).
  virtual int max_length() const = 0;
  /// Most positions that prompt() gives logits of.
  virtual int max_positions() const = 0;

  /// The decoder's own memory for the mel of encode(), to be written in place; empty if it has
  /// none.
  virtual std::span<float> window() { return {}; }
  /// Encodes a window: mel is [2 * n_audio_ctx, n_mels], normalised, time-major. Forgets all
  /// sequences. Frames from `n_exact` on are padding, all 0: of them the device may encode fewer,
  /// each of which then stands for several (device/window_positions.h).
  virtual Result<void> encode(std::span<const float> mel, int n_exact) = 0;

  /// Forgets all sequences and runs `tokens` as the only one, sequence 0. Returns logits of what
  /// follows tokens[at] for each `at` in `positions` (ascending): [positions.size(), n_vocab].
  virtual Result<std::span<float>> prompt(std::span<const Token> tokens,
                                          std::span<const int> positions) = 0;

  /// Shortens the only sequence to its first `length` tokens (at most as many as it has), so that
  /// step() goes on from there.
  virtual void truncate(int length) = 0;

  /// Replaces the sequences: new sequence i continues from old sequence parents[i]. Costs no tensor
  /// copy.
  virtual void fork(std::span<const int> parents) = 0;

  /// Appends tokens[i] to sequence i, for all sequences, and returns the next logits:
  /// [tokens.size(), n_vocab].
  virtual Result<std::span<float>> step(std::span<const Token> tokens) = 0;

  /// Runs `tokens` as the only sequence and returns what the model's alignment heads attend to
  /// (after softmax): [n_alignment_heads, tokens.size(), n_audio_ctx], 0 for what stands for
  /// several positions of padding. `probabilities` has an element for each of the last
  /// probabilities.size() tokens (at most tokens.size()): it receives the probability of the token
  /// that follows, under a softmax over text tokens (ids below the end of text, and it). The
  /// element of the last token, which none follows, is left as it is. Logits are computed for these
  /// tokens only.
  virtual Result<std::span<const float>> align(std::span<const Token> tokens,
                                               std::span<float> probabilities) = 0;
};

}  // namespace npuwhisper
