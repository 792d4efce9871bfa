// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

namespace npuwhisper {

/// Interface of Whisper's encoder and decoder for search and word timing. A decoder holds one
/// window of audio and a set of token sequences that grow by one token per step. Reentrant. Every
/// call that returns a Result may fail with InvalidArgument (too many tokens or positions, or a
/// wrong size), Cancelled, DeviceError, Timeout or Unavailable (no memory). Returned spans belong
/// to the decoder and are valid until its next call; the caller may write into logits.
class TokenDecoder {
 public:
  virtual ~TokenDecoder() = default;

  virtual int n_vocab() const = 0;
  /// Returns the maximum number of simultaneous sequences (beams or candidates).
  virtual int max_sequences() const = 0;
  /// Returns the maximum length of a sequence in tokens, including the prompt (448).
  virtual int max_length() const = 0;
  /// Returns the maximum number of positions for which prompt() returns logits.
  virtual int max_positions() const = 0;

  /// Returns memory of the decoder for one window of mel values. If the caller writes the values to
  /// this memory and passes this span to encode(), encode() does not copy the values. Returns an
  /// empty span if the decoder has no memory for them.
  virtual std::span<float> window() { return {}; }
  /// Encodes a window and drops all sequences. `mel` is [2 * n_audio_ctx, n_mels], normalised,
  /// time-major. Frames from `n_exact` on are padding, all 0. The device may encode only some
  /// positions of the padding. Each encoded position then represents several positions
  /// (device/window_positions.h).
  virtual Result<void> encode(std::span<const float> mel, int n_exact) = 0;

  /// Drops all sequences and runs `tokens` as the only sequence, number 0. Returns logits of shape
  /// [positions.size(), n_vocab]: for each `at` in `positions` (ascending), the logits of the token
  /// after tokens[at].
  virtual Result<std::span<float>> prompt(std::span<const Token> tokens,
                                          std::span<const int> positions) = 0;

  /// Shortens the only sequence to its first `length` tokens (at most its own length), so that
  /// step() continues after the last of these tokens.
  virtual void truncate(int length) = 0;

  /// Replaces the sequences: new sequence i continues from old sequence parents[i]. Copies no
  /// tensors.
  virtual void fork(std::span<const int> parents) = 0;

  /// Appends tokens[i] to sequence i, for all sequences, and returns the next logits:
  /// [tokens.size(), n_vocab].
  virtual Result<std::span<float>> step(std::span<const Token> tokens) = 0;

  /// One decoder's part of a joint step.
  struct Share {
    TokenDecoder* decoder = nullptr;
    std::span<const Token> tokens;  ///< The argument of step().
    std::span<float> logits;        ///< Receives the result of step().
  };
  /// Performs step() for the decoders of all `shares`. Each decoder must occur only once, and must
  /// belong to the engine of this decoder. This decoder need not be among them. Runs as many rows
  /// at a time as one run of the device can hold, so that the model's weights are read once for
  /// each run. If the call fails, no decoder may continue its sequences.
  virtual Result<void> step_together(std::span<Share> shares);

  /// Runs `tokens` as the only sequence. Returns the mean attention of the model's alignment heads,
  /// each after softmax: [tokens.size(), n_audio_ctx]. The attention is 0 for positions that
  /// represent several positions of padding. The elements of `probabilities` belong to the last
  /// probabilities.size() tokens (at most tokens.size()). The element of a token receives the
  /// probability of the next token, under a softmax over text tokens (ids up to and including the
  /// end of text). The element of the last token, which has no successor, is left unchanged. Logits
  /// are computed only for tokens whose element is written.
  virtual Result<std::span<const float>> align(std::span<const Token> tokens,
                                               std::span<float> probabilities) = 0;
};

}  // namespace npuwhisper
