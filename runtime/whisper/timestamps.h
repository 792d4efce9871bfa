// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/transcriber.h>

#include "audio/log_mel.h"

namespace npuwhisper {

/// Units of time in Whisper: one step of the timestamp tokens, one position of the encoder's output
/// and two mel frames are all 0.02 s (openai/whisper: input_stride, time_precision).
inline constexpr int kFramesPerTimestamp = 2;
inline constexpr int kSamplesPerTimestamp = kFramesPerTimestamp * kHop;
inline constexpr int kTimestampsPerSecond = kSampleRate / kSamplesPerTimestamp;

}  // namespace npuwhisper
