// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio/mel_frontend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "golden.h"

namespace npuwhisper {
namespace {

constexpr int kMels = 80;
constexpr std::size_t kFrame = kMels;

std::unique_ptr<MelFrontend> frontend(int n_mels, int capacity_frames) {
  auto made = MelFrontend::create(n_mels, capacity_frames);
  EXPECT_TRUE(made) << made.error().message;
  return std::move(*made);
}

std::vector<float> noise(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> pcm(n);
  for (float& sample : pcm) sample = static_cast<float>(random()) / 4294967296.0F - 0.5F;
  return pcm;
}

std::vector<float> window(MelFrontend& mel, std::int64_t first, int n_frames) {
  std::vector<float> out(static_cast<std::size_t>(n_frames) * kFrame, -99.0F);
  EXPECT_TRUE(mel.window(first, n_frames, n_frames, out));
  return out;
}

/// Returns all frames of `pcm` as one window.
std::vector<float> all_frames(std::span<const float> pcm) {
  const int n_frames = static_cast<int>(pcm.size()) / kHop;
  const auto mel = frontend(kMels, std::max(n_frames, 1));
  EXPECT_EQ(mel->push(pcm), pcm.size());
  mel->finish();
  EXPECT_EQ(mel->end_frame(), n_frames);
  return window(*mel, 0, n_frames);
}

TEST(MelFrontend, RejectsImpossibleSizes) {
  for (const auto& [n_mels, capacity] : {std::pair{0, 10}, {2000, 10}, {80, 0}, {80, 360'001}}) {
    const auto mel = MelFrontend::create(n_mels, capacity);
    ASSERT_FALSE(mel) << n_mels << " " << capacity;
    EXPECT_EQ(mel.error().code, ErrorCode::InvalidArgument);
  }
}

class MelGolden : public testing::TestWithParam<int> {};

TEST_P(MelGolden, MatchesTheNumPyReference) {
  const int n_mels = GetParam();
  const auto golden = test::Golden::load("mel_synthetic.bin");
  ASSERT_TRUE(golden) << golden.error().message;
  const test::GoldenTensor& wanted = golden->tensor("mel" + std::to_string(n_mels));
  std::vector<float> pcm;
  for (const std::int32_t sample : golden->tensor("samples").i32) {
    pcm.push_back(static_cast<float>(sample) / 32768.0F);
  }
  const auto mel = frontend(n_mels, 200);
  ASSERT_EQ(mel->push(pcm), pcm.size());
  mel->finish();
  ASSERT_EQ(mel->end_frame(), wanted.dims.at(0));
  std::vector<float> out(wanted.f32.size());
  const auto n_frames = static_cast<int>(wanted.dims.at(0));
  ASSERT_TRUE(mel->window(0, n_frames, n_frames, out));
  float largest = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    largest = std::max(largest, std::abs(out[i] - wanted.f32[i]));
  }
  RecordProperty("largest_difference", std::to_string(largest));
  EXPECT_LE(largest, 1e-4F);
}

INSTANTIATE_TEST_SUITE_P(Mels, MelGolden, testing::Values(80, 128));

TEST(MelFrontend, AnyChunksGiveTheSameBits) {
  const std::vector<float> pcm = noise(20'123, 1);
  const std::vector<float> wanted = all_frames(pcm);
  for (const std::size_t chunk : {1, 7, 159, 160, 161, 200, 201, 400, 1024, 2799, 2800, 9999}) {
    const auto mel = frontend(kMels, 125);
    for (std::size_t at = 0; at < pcm.size();) {
      const std::size_t n = std::min(chunk, pcm.size() - at);
      ASSERT_EQ(mel->push(std::span(pcm).subspan(at, n)), n);
      at += n;
    }
    mel->finish();
    EXPECT_EQ(window(*mel, 0, 125), wanted) << "chunks of " << chunk;
  }
}

TEST(MelFrontend, SixteenBitPcmIsTheFloatsThatItStandsFor) {
  std::vector<std::int16_t> pcm(5000);
  std::vector<float> floats(pcm.size());
  for (std::size_t i = 0; i < pcm.size(); ++i) {
    pcm[i] = static_cast<std::int16_t>(static_cast<int>(i * 7919 % 65536) - 32768);
    floats[i] = static_cast<float>(pcm[i]) / 32768.0F;
  }
  const auto mel = frontend(kMels, 40);
  EXPECT_EQ(mel->push(std::span<const std::int16_t>(pcm)), pcm.size());
  EXPECT_EQ(mel->bytes_copied(), 2 * pcm.size());
  mel->finish();
  EXPECT_EQ(window(*mel, 0, 31), all_frames(floats));
}

/// A frame is available as soon as its last sample has been pushed, and does not change afterwards.
TEST(MelFrontend, FramesComeAsSoonAsTheirSamplesDo) {
  const std::vector<float> pcm = noise(1'000, 2);
  const std::vector<float> wanted = all_frames(pcm);
  const auto mel = frontend(kMels, 10);
  for (std::size_t n = 1; n <= pcm.size(); ++n) {
    ASSERT_EQ(mel->push(std::span(pcm).subspan(n - 1, 1)), 1U);
    const auto frames = n < 201 ? 0 : (static_cast<std::int64_t>(n) - 200) / kHop + 1;
    ASSERT_EQ(mel->end_frame(), frames) << n << " samples";
    ASSERT_EQ(mel->n_samples(), static_cast<std::int64_t>(n));
  }
  mel->finish();
  EXPECT_EQ(window(*mel, 0, 6), wanted);
}

TEST(MelFrontend, VeryShortInput) {
  for (const std::size_t n : {0, 1, 100, 159, 160, 199, 200, 201, 319, 320}) {
    const auto mel = frontend(kMels, 4);
    const std::vector<float> pcm = noise(n, 3);
    EXPECT_EQ(mel->push(pcm), n);
    mel->finish();
    const std::int64_t n_frames = static_cast<std::int64_t>(n) / kHop;
    EXPECT_EQ(mel->end_frame(), n_frames) << n;
    std::vector<float> out(4 * kFrame);
    EXPECT_EQ(*mel->window(0, 4, 4, out), n_frames) << n;
    // The front end replaces missing samples by zeros, as if zeros had been pushed.
    std::vector<float> padded = pcm;
    padded.resize(1'600);
    const auto longer = frontend(kMels, 10);
    longer->push(padded);
    std::vector<float> wanted(static_cast<std::size_t>(n_frames) * kFrame);
    const auto n_wanted = static_cast<int>(n_frames);
    ASSERT_TRUE(longer->window(0, n_wanted, n_wanted, wanted));
    wanted.resize(out.size());
    EXPECT_EQ(out, wanted) << n;
  }
}

TEST(MelFrontend, SilenceIsTheFloorAndPastTheEndIsZero) {
  const auto mel = frontend(kMels, 100);
  mel->push(std::vector<float>(1'600));
  mel->finish();
  const std::vector<float> out = window(*mel, 0, 20);
  for (std::size_t i = 0; i < out.size(); ++i) {
    ASSERT_EQ(out[i], i < 10 * kFrame ? (-10.0F + 4.0F) / 4.0F : 0.0F) << i;
  }
  EXPECT_EQ(window(*mel, 10, 2), std::vector<float>(2 * kFrame));
  EXPECT_EQ(window(*mel, 1'000, 2), std::vector<float>(2 * kFrame));
}

TEST(MelFrontend, WindowIsClampedByItsOwnMaximum) {
  std::vector<float> pcm = noise(16'000, 4);
  for (std::size_t i = 8'000; i < pcm.size(); ++i) pcm[i] *= 3e-5F;
  const auto mel = frontend(kMels, 100);
  mel->push(pcm);
  mel->finish();
  const auto range = [](const std::vector<float>& values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return *high - *low;
  };
  EXPECT_FLOAT_EQ(range(window(*mel, 0, 100)), 2.0F);  // 8 decades, divided by 4.
  // A window of only the quiet half is clamped by its own maximum, so its values still differ.
  EXPECT_LT(range(window(*mel, 60, 30)), 1.9F);
  EXPECT_GT(range(window(*mel, 60, 30)), 0.1F);
}

TEST(MelFrontend, FramesThatAreNotHeardDoNotMatter) {
  const auto mel = frontend(kMels, 100);
  std::vector<float> pcm = noise(16'000, 6);
  for (std::size_t i = 0; i < 8'000; ++i) pcm[i] *= 3e-5F;
  mel->push(pcm);
  mel->finish();
  std::vector<float> out(60 * kFrame, -99.0F);
  EXPECT_EQ(*mel->window(0, 40, 60, out), 40);
  std::vector<float> wanted = window(*mel, 0, 40);
  wanted.resize(out.size());
  EXPECT_EQ(out, wanted);
}

TEST(MelFrontend, PushAcceptsNoMoreThanCapacity) {
  const std::vector<float> pcm = noise(16'000, 5);
  const std::vector<float> wanted = all_frames(pcm);
  const auto mel = frontend(kMels, 7);
  std::size_t at = mel->push(pcm);
  EXPECT_EQ(at, std::size_t{8 * kHop - 1});  // With one more sample, finish() would yield frame 7.
  EXPECT_EQ(mel->end_frame(), 7);
  EXPECT_EQ(mel->push(std::span(pcm).subspan(at)), 0U);

  // Compares one frame at a time. window() clamps relative to the window's maximum, so both front
  // ends must get windows with the same frames.
  const auto whole = frontend(kMels, 100);
  whole->push(pcm);
  whole->finish();
  for (std::int64_t frame = 0; frame < 100; ++frame) {
    if (frame == mel->end_frame()) mel->finish();
    ASSERT_LT(frame, mel->end_frame());
    EXPECT_EQ(window(*mel, frame, 1), window(*whole, frame, 1)) << frame;
    mel->discard_before(frame + 1);
    EXPECT_EQ(mel->first_frame(), frame + 1);
    at += mel->push(std::span(pcm).subspan(at));
  }
  EXPECT_EQ(at, pcm.size());
  EXPECT_EQ(mel->end_frame(), 100);
}

TEST(MelFrontend, DiscardIsClampedToExistingFrames) {
  const auto mel = frontend(kMels, 10);
  mel->push(noise(1'000, 6));
  mel->discard_before(-5);
  EXPECT_EQ(mel->first_frame(), 0);
  mel->discard_before(1'000);
  EXPECT_EQ(mel->first_frame(), mel->end_frame());
  mel->discard_before(0);
  EXPECT_EQ(mel->first_frame(), mel->end_frame());
}

TEST(MelFrontend, TakesNothingAfterFinishUntilReset) {
  const std::vector<float> pcm = noise(3'333, 7);
  const auto mel = frontend(kMels, 20);
  mel->push(pcm);
  mel->finish();
  const std::vector<float> first = window(*mel, 0, 20);
  EXPECT_EQ(mel->push(pcm), 0U);
  mel->finish();
  EXPECT_EQ(mel->end_frame(), 20);
  EXPECT_EQ(window(*mel, 0, 20), first);

  mel->discard_before(3);
  mel->reset();
  EXPECT_EQ(mel->first_frame(), 0);
  EXPECT_EQ(mel->end_frame(), 0);
  EXPECT_EQ(mel->n_samples(), 0);
  mel->push(std::span(pcm).first(50));  // Frame 0 mirrors more samples than these.
  mel->reset();
  mel->push(pcm);  // Nothing of the earlier audio may remain.
  mel->finish();
  EXPECT_EQ(window(*mel, 0, 20), first);
}

TEST(MelFrontend, SamplesThatAreNoPcmCountAsZero) {
  std::vector<float> clean = noise(9'600, 8);
  std::vector<float> dirty = clean;
  const float bad[] = {
      std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
      -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::max(), -2e9F};
  for (std::size_t i = 0; i < 200; ++i) {
    dirty[i * 41] = bad[i % 5];
    clean[i * 41] = 0;
  }
  EXPECT_EQ(all_frames(dirty), all_frames(clean));
}

TEST(MelFrontend, TheLoudestSamplesItTakesStayFinite) {
  std::vector<float> pcm(9'600);
  for (std::size_t i = 0; i < pcm.size(); ++i) pcm[i] = (i / 8) % 2 == 0 ? 1e9F : -1e9F;
  for (const float value : all_frames(pcm)) ASSERT_TRUE(std::isfinite(value));
}

/// The positions of frames stay correct although the rows of the front end's ring are reused
/// hundreds of times.
TEST(MelFrontend, LongStreamKeepsItsPlace) {
  const std::vector<float> pcm = noise(16'000, 9);
  const auto mel = frontend(kMels, 50);
  std::int64_t pushed = 0;
  for (int second = 0; second < 60; ++second) {
    for (std::size_t at = 0; at < pcm.size();) {
      const std::size_t n = mel->push(std::span(pcm).subspan(at));
      at += n;
      pushed += static_cast<std::int64_t>(n);
      mel->discard_before(mel->end_frame() - 3);
      ASSERT_LE(mel->end_frame() - mel->first_frame(), 50);
    }
  }
  EXPECT_EQ(mel->n_samples(), pushed);
  EXPECT_EQ(pushed, 60 * 16'000);
  mel->finish();
  EXPECT_EQ(mel->end_frame(), 6'000);
  // The audio repeats every second, so an inner frame of the last second equals the corresponding
  // frame of any other second.
  const auto second = frontend(kMels, 400);
  for (int i = 0; i < 3; ++i) second->push(pcm);
  EXPECT_EQ(window(*mel, 5'998, 1).size(), kFrame);
  EXPECT_EQ(window(*mel, 5'997, 1), window(*second, 297, 1));
}

}  // namespace
}  // namespace npuwhisper
