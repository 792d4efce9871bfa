// SPDX-License-Identifier: LGPL-2.1-or-later
// With the real model, audio without speech produces no words, whether it comes from a file or from
// a live source. The audio is synthetic noise and, if ffmpeg is available, the recordings in
// NPUWHISPER_SHARED/speech/nonspeech. Exits with 77 if the model or the VAD's weights are missing.
//
// usage: no_speech_test [gtest's options] [SECONDS]     SECONDS of each of the 20 noises; default 3
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/transcriber.h>

#include "vad/find_vad.h"

namespace npuwhisper {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPush = 320;
double seconds_of_each = 3;

/// Results of a transcription of audio that arrives in pieces of 20 ms.
struct Heard {
  std::string text;
  std::int64_t longest_wait = 0;  ///< Largest lag of position(), in samples.
  TranscriberStats stats;
};

Heard listen(const std::vector<float>& pcm, bool live) {
  Heard heard;
  static const auto engine = Engine::open({.model = "base", .device = DeviceKind::Cpu});
  TranscriberOptions options;
  options.language = "en";
  options.vad = Vad::On;
  if (live) options.live_latency = 2000ms;
  const auto transcriber = engine ? Transcriber::create(*engine, options)
                                  : Result<std::unique_ptr<Transcriber>>(fail(engine.error()));
  if (!transcriber) {
    ADD_FAILURE() << transcriber.error().message;
    return heard;
  }
  const auto take = [&](const Result<std::vector<Segment>>& segments) {
    if (!segments) {
      ADD_FAILURE() << segments.error().message;
      return;
    }
    for (const Segment& segment : *segments) heard.text += segment.text;
  };
  for (std::size_t at = 0; at < pcm.size(); at += kPush) {
    const std::size_t n = std::min(kPush, pcm.size() - at);
    take((*transcriber)->push(std::span(pcm).subspan(at, n)));
    heard.longest_wait = std::max(heard.longest_wait,
                                  static_cast<std::int64_t>(at + n) - (*transcriber)->position());
  }
  take((*transcriber)->drain());
  heard.stats = (*transcriber)->stats();
  return heard;
}

/// Returns 20 stretches of noise in sequence. There are five kinds: white noise, pink noise, mains
/// hum, clicks, and noise that swells four times per second. Each kind has four levels. The lowest
/// level is one step of a 16-bit sample.
std::vector<float> make_noise() {
  std::minstd_rand random(1);
  std::normal_distribution<float> normal;
  const auto n = static_cast<std::size_t>(seconds_of_each * kSampleRate);
  std::vector<float> pcm;
  for (const float level : {0.3F, 0.01F, 0.0003F, 0.00003F}) {
    for (int kind = 0; kind < 5; ++kind) {
      float slow = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double time = static_cast<double>(i) / kSampleRate;
        const float white = normal(random);
        // Approximates the slope of pink noise with two terms.
        slow = 0.97F * slow + 0.1F * white;
        double hum = 0;
        for (const int harmonic : {1, 2, 3, 5}) {
          hum += std::sin(2 * std::numbers::pi * 50 * harmonic * time) / harmonic;
        }
        const float values[] = {
            white, slow + 0.3F * white, static_cast<float>(hum),
            random() % 3000 == 0 ? 10.0F : 0.0F,
            white * static_cast<float>((1 + std::sin(2 * std::numbers::pi * 4 * time)) / 2)};
        pcm.push_back(std::clamp(level * values[kind], -1.0F, 1.0F));
      }
    }
  }
  return pcm;
}

TEST(NoSpeech, NoiseGivesNoWords) {
  const std::vector<float> noise = make_noise();
  for (const bool live : {false, true}) {
    const Heard heard = listen(noise, live);
    EXPECT_EQ(heard.text, "");
    EXPECT_EQ(heard.stats.windows, 0U) << "nor is any of it decoded";
    EXPECT_EQ(heard.stats.speech_samples, 0U);
    EXPECT_LE(heard.longest_wait, 3 * kSampleRate) << "and who waits for text is told soon";
  }
}

TEST(NoSpeech, SilenceGivesNoWords) {
  const std::vector<float> silence(static_cast<std::size_t>(4 * seconds_of_each * kSampleRate));
  for (const bool live : {false, true}) {
    const Heard heard = listen(silence, live);
    EXPECT_EQ(heard.text, "");
    EXPECT_EQ(heard.stats.windows, 0U);
  }
}

std::vector<float> decode(const std::filesystem::path& file) {
  const std::string command =
      "ffmpeg -v error -i '" + file.string() + "' -f f32le -ac 1 -ar 16000 -";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::vector<float> pcm;
  std::vector<float> block(65'536);
  while (const std::size_t n = std::fread(block.data(), sizeof(float), block.size(), pipe.get())) {
    pcm.insert(pcm.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(n));
  }
  return pcm;
}

TEST(NoSpeech, RecordingsGiveNoWords) {
  const char* shared = std::getenv("NPUWHISPER_SHARED");
  const auto folder = std::filesystem::path(shared != nullptr ? shared : "") / "speech/nonspeech";
  if (!std::filesystem::is_directory(folder))
    GTEST_SKIP() << "no NPUWHISPER_SHARED with " << folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto pcm = decode(entry.path());
    if (pcm.empty()) GTEST_SKIP() << "no ffmpeg that reads " << entry.path();
    for (const bool live : {false, true}) {
      const Heard heard = listen(pcm, live);
      EXPECT_EQ(heard.text, "") << entry.path() << (live ? " live" : "");
      std::printf("%s: %llu windows, %.1f s of speech\n", entry.path().filename().c_str(),
                  static_cast<unsigned long long>(heard.stats.windows),
                  static_cast<double>(heard.stats.speech_samples) / kSampleRate);
    }
  }
}

}  // namespace
}  // namespace npuwhisper

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1) npuwhisper::seconds_of_each = std::atof(argv[1]);
  const auto model = npuwhisper::find_model("base");
  const auto vad = npuwhisper::find_vad(model ? *model : "");
  if (!model || !vad) {
    std::printf("SKIPPED: %s\n", (model ? vad.error() : model.error()).message.c_str());
    return 77;
  }
  return RUN_ALL_TESTS();
}
