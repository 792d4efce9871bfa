// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/speech_evidence.h"

#include <algorithm>
#include <cmath>

namespace npuwhisper {
namespace {

constexpr std::size_t kBlock = 160;  // samples: 10 ms
/// Coefficient of the pre-emphasis filter (sample - kPreEmphasis * previous sample). The filter
/// raises consonants to the level of vowels and removes rumble and hum. The value is usual in
/// speech front ends (HTK book, section 5.2).
constexpr float kPreEmphasis = 0.97F;
constexpr float kSmallestPower = 1e-10F;  // level of digital silence: -100 dB

/// Quantiles of the window's levels that serve as the level of pauses and of loud speech. No
/// absolute loudness is assumed.
constexpr double kPauseShare = 0.10;
constexpr double kLoudShare = 0.95;
/// Maximum range from pauses to loud speech. Weak consonants are up to 35 dB below vowels. Anything
/// far lower is a pause, so deeper silence does not widen the range.
constexpr float kMaxRange = 50.0F;  // dB
constexpr float kThreshold = 0.3F;  // threshold of speech, as a fraction of the range
constexpr float kSoftness = 6.0F;   // dB from the threshold to full evidence
/// Up to a range of kUselessRange, pauses do not stand out from speech. From a range of kClearRange
/// on, pauses stand out clearly.
constexpr float kUselessRange = 6.0F;  // dB
constexpr float kClearRange = 18.0F;   // dB
/// Full evidence in natural log odds (odds of about 7 to 1).
constexpr float kFullEvidence = 2.0F;

}  // namespace

SpeechEvidence::SpeechEvidence(std::size_t max_samples) {
  level_.reserve(max_samples / kBlock);
  sorted_.reserve(max_samples / kBlock);
}

void SpeechEvidence::measure(std::span<const float> pcm) {
  scale_ = 0;
  const std::size_t n = std::min(pcm.size() / kBlock, level_.capacity());
  level_.clear();
  if (n < 2) return;
  float before = pcm[0];
  for (std::size_t i = 0; i < n; ++i) {
    float sum = 0;
    for (const float sample : pcm.subspan(i * kBlock, kBlock)) {
      const float difference = sample - kPreEmphasis * before;
      before = sample;
      sum += difference * difference;
    }
    level_.push_back(sum / kBlock);
  }
  for (std::size_t i = 0; i < n; ++i) {
    const float power = (level_[i] + level_[std::min(i + 1, n - 1)]) / 2;
    level_[i] = 10 * std::log10(power + kSmallestPower);
  }

  sorted_.assign(level_.begin(), level_.end());
  const auto level_of = [&](double share) {
    const auto at =
        sorted_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(n - 1));
    std::nth_element(sorted_.begin(), at, sorted_.end());
    return *at;
  };
  const float loud = level_of(kLoudShare);
  const float pause = std::max(level_of(kPauseShare), loud - kMaxRange);
  const float range = loud - pause;
  if (!std::isfinite(range)) return;
  threshold_ = pause + kThreshold * range;
  scale_ = std::clamp((range - kUselessRange) / (kClearRange - kUselessRange), 0.0F, 1.0F);
}

float SpeechEvidence::at(std::int64_t sample) const {
  if (!is_informative()) return 0;
  constexpr auto kStep = static_cast<std::int64_t>(kBlock);
  const auto last = static_cast<std::int64_t>(level_.size()) - 1;
  const auto i = std::clamp<std::int64_t>((sample + kStep / 2) / kStep, 0, last);
  const float above = level_[static_cast<std::size_t>(i)] - threshold_;
  return kFullEvidence * scale_ * std::clamp(above / kSoftness, -1.0F, 1.0F);
}

}  // namespace npuwhisper
