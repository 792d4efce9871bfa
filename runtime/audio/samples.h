// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {

/// Returns the number of whole samples (16 kHz) in a time.
constexpr std::int64_t to_samples(std::chrono::nanoseconds time) {
  return time.count() / 1000 * kSampleRate / 1'000'000;
}

}  // namespace npuwhisper
