// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares the computed memory of a real model with the peak memory of this process while it loads
// the model and transcribes. The name of the model is the program's argument, because a process has
// only one peak. Without the model, the program reports that and exits with 77, which Meson reports
// as a skipped test.
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {
namespace {

constexpr int kSkipped = 77;
/// The peak is at least this fraction of the computed figure. The self-attention cache is counted
/// in full, but a stream fills it only if all candidates have the maximum length.
constexpr double kLeastPart = 0.75;

std::string model;

/// Returns the peak of the resident memory in bytes, or 0 if the kernel does not report it.
std::uint64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return 1024 * std::stoull(line.substr(6));
  }
  return 0;
}

/// Returns noise, for which Whisper decodes many candidates.
std::vector<float> noise(int seconds) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> distribution(-0.3F, 0.3F);
  std::vector<float> pcm(static_cast<std::size_t>(seconds * kSampleRate));
  for (float& x : pcm) x = distribution(generator);
  return pcm;
}

TEST(PeakMemory, IsNearTheComputedFigure) {
  const std::uint64_t before = peak_bytes();
  ASSERT_GT(before, 0U);
  // Some threads may not use all of their working memory, so their number must not vary.
  const EngineOptions one_thread{.model = model, .device = DeviceKind::Cpu, .n_threads = 1};
  const auto engine = Engine::open(one_thread);
  ASSERT_TRUE(engine) << engine.error().message;
  const std::uint64_t loaded = peak_bytes() - before;
  TranscriberOptions options;
  options.word_times = true;
  options.vad = Vad::Off;
  options.language = "en";
  options.log_prob_threshold = 0;  // No text is good enough, so all temperatures are tried.
  options.temperatures = {0.0F, 1.0F};
  options.no_speech_threshold = 1;
  const auto transcriber = Transcriber::create(*engine, options);
  ASSERT_TRUE(transcriber) << transcriber.error().message;
  const std::vector<float> pcm = noise(31);
  ASSERT_TRUE((*transcriber)->push(std::span<const float>(pcm)));
  ASSERT_TRUE((*transcriber)->drain());
  const std::uint64_t peak = peak_bytes() - before;

  const auto need = Engine::memory_needed(one_thread);
  ASSERT_TRUE(need) << need.error().message;
  std::printf(
      "%s: computed %.1f MB (weights %.1f, working memory %.1f, stream %.1f, other %.1f); "
      "measured %.1f MB after loading, %.1f MB after a window\n",
      model.c_str(), static_cast<double>(need->peak_bytes()) / 1e6,
      static_cast<double>(need->weight_bytes) / 1e6, static_cast<double>(need->working_bytes) / 1e6,
      static_cast<double>(need->stream_bytes) / 1e6, static_cast<double>(need->other_bytes) / 1e6,
      static_cast<double>(loaded) / 1e6, static_cast<double>(peak) / 1e6);
  EXPECT_GT(loaded, need->weight_bytes);
  EXPECT_LE(peak, need->peak_bytes());
  EXPECT_GE(static_cast<double>(peak), kLeastPart * static_cast<double>(need->peak_bytes()));
}

}  // namespace
}  // namespace npuwhisper

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: peak_memory_test MODEL\n");
    return 2;
  }
  npuwhisper::model = argv[1];
  const auto folder = npuwhisper::find_model(npuwhisper::model);
  if (!folder) {
    std::printf("SKIPPED: %s\n", folder.error().message.c_str());
    return npuwhisper::kSkipped;
  }
  // With huge pages, the peak would include memory that no thread has written.
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  return RUN_ALL_TESTS();
}
