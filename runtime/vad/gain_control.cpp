// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/gain_control.h"

#include <algorithm>
#include <cmath>

namespace npuwhisper {
namespace {

/// The target level (root mean square). In usual recordings, the loudest steps of speech have a
/// level of 0.03 to 0.3.
constexpr float kWantedLevel = 0.03F;
constexpr float kMaxGain = 100;
/// Decay of the level per step of 32 ms: 2 dB a second.
constexpr float kRelease = 0.99266F;

}  // namespace

float GainControl::gain_for(std::span<const float> step) {
  float power = 0;
  for (const float sample : step) power += sample * sample;
  const float level = std::sqrt(power / static_cast<float>(step.size()));
  level_ = std::max({level, level_ * kRelease, kWantedLevel / kMaxGain});
  return std::max(kWantedLevel / level_, 1.0F);
}

}  // namespace npuwhisper
