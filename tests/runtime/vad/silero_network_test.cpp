// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares Silero's network on recorded speech with the NumPy reference of
// tests/golden/make_vad.py. Without the weights, the program reports that and exits with 77, which
// Meson reports as a skipped test.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

#include "golden.h"
#include "vad/find_vad.h"
#include "vad/silero_network.h"
#include "vad/speech_detector.h"

namespace npuwhisper {
namespace {

constexpr std::size_t kStep = SpeechScorer::kStep;
constexpr std::size_t kContext = SpeechScorer::kContext;

std::shared_ptr<const SileroWeights> weights() {
  static const auto loaded = [] {
    const auto file = find_vad("");
    return file ? SileroWeights::load(*file)
                : Result<std::shared_ptr<const SileroWeights>>(fail(file.error()));
  }();
  if (!loaded) throw std::runtime_error(loaded.error().message);
  return *loaded;
}

const test::Golden& golden() {
  static const auto loaded = test::Golden::load("vad.bin");
  if (!loaded) throw std::runtime_error(loaded.error().message);
  return *loaded;
}

std::vector<float> scores(SileroNetwork& network, const std::vector<float>& pcm) {
  std::vector<float> padded(kContext);
  padded.insert(padded.end(), pcm.begin(), pcm.end());
  std::vector<float> out;
  for (std::size_t at = 0; at + kContext + kStep <= padded.size(); at += kStep) {
    out.push_back(network.score(std::span(padded).subspan(at, kContext + kStep)));
  }
  return out;
}

TEST(SileroNetwork, MatchesTheReferenceNetwork) {
  SileroNetwork network(weights());
  const auto& wanted = golden().tensor("probabilities").f32;
  const auto found = scores(network, golden().tensor("pcm").f32);
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(found[i], wanted[i], 1e-4) << i;
  EXPECT_GT(*std::ranges::max_element(wanted), 0.9F);
}

TEST(SileroNetwork, StartsAnewWhenReset) {
  SileroNetwork network(weights());
  const auto& pcm = golden().tensor("pcm").f32;
  const auto first = scores(network, pcm);
  EXPECT_NE(scores(network, pcm), first) << "it remembers";
  network.reset();
  EXPECT_EQ(scores(network, pcm), first);
}

TEST(SileroNetwork, KnowsQuietSpeechOnceItIsAmplified) {
  std::vector<float> pcm = golden().tensor("pcm").f32;
  pcm.resize(std::size_t{64} * kStep);
  SpeechDetector loud(std::make_unique<SileroNetwork>(weights()), SpeechRules());
  SpeechDetector quiet(std::make_unique<SileroNetwork>(weights()), SpeechRules());
  loud.push(pcm);
  for (float& sample : pcm) sample *= 0.001F;
  quiet.push(pcm);
  loud.push(std::vector<float>(16'000));
  quiet.push(std::vector<float>(16'000));
  EXPECT_GT(loud.n_spoken(), 12'000);
  EXPECT_GT(quiet.n_spoken(), loud.n_spoken() / 2);
}

/// Pushes four seconds of noise at each of several levels, from nearly full scale down to one step
/// of a 16-bit sample.
TEST(SileroNetwork, HearsNoSpeechInNoise) {
  SpeechDetector detector(std::make_unique<SileroNetwork>(weights()), SpeechRules());
  std::minstd_rand random(1);
  std::normal_distribution<float> normal;
  std::vector<float> pcm(16'000);
  for (const float level : {0.3F, 0.03F, 0.003F, 0.0003F, 0.00003F}) {
    for (int second = 0; second < 4; ++second) {
      for (float& sample : pcm) sample = level * normal(random);
      detector.push(pcm);
    }
  }
  detector.finish();
  EXPECT_EQ(detector.n_spoken(), 0);
  EXPECT_EQ(detector.silent_until(0), detector.n_judged());
}

/// Measures the share of a core that the network takes in live use. The bound is far above the
/// share on any supported machine.
TEST(SileroNetwork, IsCheap) {
  SileroNetwork network(weights());
  const auto& pcm = golden().tensor("pcm").f32;
  auto best = std::chrono::nanoseconds::max();
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    scores(network, pcm);
    best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - start);
  }
  const double microseconds = std::chrono::duration<double, std::micro>(best).count() /
                              static_cast<double>(pcm.size() / kStep);
  std::printf("%.1f us a step, %.2f %% of real time\n", microseconds, microseconds / 32'000 * 100);
  EXPECT_LT(microseconds, 3'200);
}

}  // namespace
}  // namespace npuwhisper

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (const auto file = npuwhisper::find_vad(""); !file) {
    std::printf("SKIPPED: %s\n", file.error().message.c_str());
    return 77;
  }
  return RUN_ALL_TESTS();
}
