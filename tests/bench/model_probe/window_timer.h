// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <iosfwd>
#include <span>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

#include "engine/token_decoder.h"

namespace npuwhisper {

/// A window of audio and the settings of its decoding.
struct TimedWindow {
  std::vector<float> mel;     ///< [2 * n_audio_ctx, n_mels], as for TokenDecoder::encode().
  int n_frames = 0;           ///< Frames to encode: 2 * n_audio_ctx.
  std::vector<Token> prompt;  ///< Tokens before the text, at least one.
  int n_tokens = 1;           ///< Number of tokens to decode after the prompt, at least 1.
  Token end = 0;              ///< The end-of-text token, which is never selected.
};

/// Encodes and decodes `window` once for each line of `requests`, until the end of `requests`.
/// Selects the token with the largest logit, without decoding rules. For each line, writes a JSON
/// object to `answers`: {"seconds": {"encode", "prompt", "steps"}, "tokens"}. "prompt" is the time
/// to the first decoded token, "steps" the time for the other ones. Errors: those of `decoder`.
Result<void> time_window(TokenDecoder& decoder, const TimedWindow& window, std::istream& requests,
                         std::ostream& answers);

}  // namespace npuwhisper
