// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tone_speech.h"

#include <npuwhisper/transcriber.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace npuwhisper::test {
namespace {

constexpr double kRampSeconds = 0.005;  // An abrupt edge would appear in all bands.
constexpr float kNoise = 1e-4F;

std::int64_t samples(double seconds) {
  return static_cast<std::int64_t>(seconds * kSampleRate);
}

}  // namespace

// Uses the band centres of Slaney's bank (runtime/audio/mel_filterbank.h). The bank has 80 bands up
// to 8 kHz, evenly spaced in mel. The mel scale is linear below 1 kHz and logarithmic above.
double tones::frequency(int word) {
  constexpr double kLinearMel = 15, kHzPerMel = 200.0 / 3, kTopMel = 45.245640471924965;
  const double log_step = std::log(6.4) / 27;
  const int band = kFirstBand + kBandStep * word;
  const double mel = kTopMel * (band + 1) / 81;
  return mel < kLinearMel ? mel * kHzPerMel : 1000 * std::exp(log_step * (mel - kLinearMel));
}

// Chooses the next word and the pause before it.
void ToneSpeaker::think() {
  const auto between = [this](double from, double to) {
    return std::uniform_real_distribution<>(from, to)(random_);
  };
  double pause = between(0.1, 0.3);
  if (left_in_sentence_-- == 0) {
    left_in_sentence_ = static_cast<int>(between(2, 14));
    pause = between(0, 1) < 0.05 ? between(10, 40) : between(0.6, 2);
  }
  now_.word = static_cast<int>(random_() % static_cast<std::uint64_t>(n_words_));
  now_.start = position_ + samples(pause);
  now_.end = now_.start + samples(tones::kWordSeconds);
}

void ToneSpeaker::speak(std::span<float> pcm, std::vector<ToneWord>& said) {
  std::uniform_real_distribution<float> noise(-kNoise, kNoise);
  for (float& sample : pcm) {
    if (position_ >= now_.end) think();
    sample = noise(random_);
    if (position_ == now_.start) said.push_back(now_);
    if (position_ >= now_.start) {
      const double t = static_cast<double>(position_ - now_.start) / kSampleRate;
      const double ramp =
          std::min({1.0, t / kRampSeconds, (tones::kWordSeconds - t) / kRampSeconds});
      sample +=
          static_cast<float>(tones::kAmplitude * std::max(ramp, 0.0) *
                             std::sin(2 * std::numbers::pi * tones::frequency(now_.word) * t));
    }
    ++position_;
  }
}

}  // namespace npuwhisper::test
