// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/speech_evidence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

namespace npuwhisper {
namespace {

constexpr int kRate = 16000;

/// Returns white noise with amplitudes[i] in the i-th tenth of a second.
std::vector<float> noise(const std::vector<float>& amplitudes) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> pcm;
  for (const float amplitude : amplitudes) {
    for (int i = 0; i < kRate / 10; ++i) pcm.push_back(amplitude * value(random));
  }
  return pcm;
}

std::vector<float> measure_at_middles(const std::vector<float>& pcm) {
  SpeechEvidence evidence(pcm.size());
  evidence.measure(pcm);
  std::vector<float> values;
  for (std::int64_t i = kRate / 20; i < static_cast<std::int64_t>(pcm.size()); i += kRate / 10) {
    values.push_back(evidence.at(i));
  }
  return values;
}

TEST(SpeechEvidence, TellsBurstsFromPauses) {
  const std::vector<float> loud = {0.001F, 0.3F, 0.3F, 0.001F, 0.2F, 0.001F, 0.1F, 0.3F};
  const auto values = measure_at_middles(noise(loud));
  ASSERT_EQ(values.size(), loud.size());
  for (std::size_t i = 0; i < loud.size(); ++i) {
    EXPECT_FLOAT_EQ(values[i], loud[i] > 0.01F ? 2.0F : -2.0F) << i;
  }
}

TEST(SpeechEvidence, DoesNotDependOnLoudness) {
  const std::vector<float> loud = {0.01F, 0.3F, 0.03F, 0.01F, 0.1F, 0.01F, 0.05F, 0.3F};
  std::vector<float> quiet;
  for (const float x : loud) quiet.push_back(x / 100);
  const auto values = measure_at_middles(noise(loud));
  const auto quiet_values = measure_at_middles(noise(quiet));
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], quiet_values[i], 0.05F);
}

TEST(SpeechEvidence, SaysNothingWithoutPauses) {
  SpeechEvidence evidence(3 * kRate);
  evidence.measure(noise(std::vector<float>(30, 0.2F)));
  EXPECT_FALSE(evidence.is_informative());
  EXPECT_EQ(evidence.at(kRate), 0);
  evidence.measure(std::vector<float>(kRate, 0.0F));
  EXPECT_FALSE(evidence.is_informative());
  evidence.measure({});
  EXPECT_FALSE(evidence.is_informative());
  evidence.measure(std::vector<float>(kRate, std::numeric_limits<float>::quiet_NaN()));
  EXPECT_FALSE(evidence.is_informative());
}

TEST(SpeechEvidence, DigitalSilenceDoesNotMakeNoiseSpeech) {
  // The recording contains a gap of zeros. Its other pauses contain noise 50 dB below the speech.
  std::vector<float> amplitudes = {0.3F, 0.001F, 0.3F, 0, 0, 0.001F, 0.3F, 0.001F};
  const auto values = measure_at_middles(noise(amplitudes));
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_FLOAT_EQ(values[i], amplitudes[i] > 0.01F ? 2.0F : -2.0F) << i;
  }
}

TEST(SpeechEvidence, HumIsNoSpeech) {
  auto pcm = noise({0.001F, 0.2F, 0.001F, 0.2F, 0.001F, 0.2F, 0.001F, 0.2F});
  for (std::size_t i = 0; i < pcm.size(); ++i) {
    pcm[i] += 0.3F * static_cast<float>(
                         std::sin(2 * std::numbers::pi * 50 * static_cast<double>(i) / kRate));
  }
  SpeechEvidence evidence(pcm.size());
  evidence.measure(pcm);
  EXPECT_LT(evidence.at(kRate / 20), -1);
  EXPECT_GT(evidence.at(kRate * 3 / 20), 1);
}

TEST(SpeechEvidence, ClampsOutsideTheWindow) {
  SpeechEvidence evidence(kRate);
  evidence.measure(noise({0.3F, 0.001F, 0.3F, 0.001F}));
  EXPECT_EQ(evidence.at(-5000), evidence.at(0));
  EXPECT_EQ(evidence.at(kRate * 10), evidence.at(kRate * 4 / 10 - 160));
  // If audio is longer than the capacity, only its beginning is measured.
  SpeechEvidence small(kRate / 10);
  small.measure(noise({0.3F, 0.001F, 0.3F}));
  EXPECT_EQ(small.at(kRate), small.at(kRate / 10 - 160));
}

}  // namespace
}  // namespace npuwhisper
