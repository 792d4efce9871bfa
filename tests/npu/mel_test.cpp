// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares the log-mel of a window on the NPU with the log-mel of the CPU. XRT finds an
// emulated NPU here. One test mutates the Fourier matrix and checks that the results then differ.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "audio/mel_frontend.h"
#include "device/npu/mel_executable.h"
#include "device/npu/xrt_session.h"
#include "engine/ring_log_mel.h"

namespace npuwhisper::npu_device {
namespace {

constexpr int kFrames = 3000;
constexpr int kSpare = 16;

/// Returns `n` samples whose spectrum and level vary like those of speech: harmonics that vary in
/// loudness and fall by 60 dB over the band, noise, and stretches of silence.
std::vector<std::int16_t> speech(std::size_t n) {
  std::mt19937 random(2);
  std::normal_distribution<double> noise(0, 8);
  std::vector<std::int16_t> pcm(n);
  double phase = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double t = static_cast<double>(i) / 16000;
    phase += (120 + 40 * std::sin(2 * t)) * 2 * std::numbers::pi / 16000;
    const double loud = std::max(0.0, std::sin(3 * t) + 0.3 * std::sin(17 * t));
    double x = noise(random);
    for (int h = 1; h < 30; ++h) x += loud * 5000 * std::pow(10.0, -0.1 * h) * std::sin(h * phase);
    pcm[i] = static_cast<std::int16_t>(std::nearbyint(std::clamp(x, -32768.0, 32767.0)));
  }
  return pcm;
}

class Mel : public testing::Test {
 protected:
  void prepare(int n_mels) {
    auto session = XrtSession::open();
    ASSERT_TRUE(session) << session.error().message;
    session_ = std::move(*session);
    ASSERT_NE(session_->name().find("emulated"), std::string::npos) << session_->name();
    const auto spec =
        npu::make_design_spec(session_->array(), 4, session_->array() == "npu1" ? 4 : 8);
    ASSERT_TRUE(spec);
    const char* image = std::getenv("NPUWHISPER_NPU_IMAGE");
    ASSERT_NE(image, nullptr);
    const auto loaded = session_->load(image, kMelKernel);
    ASSERT_TRUE(loaded) << loaded.error().message;
    auto mel = MelExecutable::create(n_mels, kFrames, *spec, session_);
    ASSERT_TRUE(mel) << mel.error().message;
    mel_ = std::move(*mel);
    auto ring = SampleRing::create(*mel_, nullptr);
    ASSERT_TRUE(ring) << ring.error().message;
    ring_ = std::move(*ring);
    auto on_npu = RingLogMel::create(ring_, kFrames + kSpare);
    ASSERT_TRUE(on_npu) << on_npu.error().message;
    on_npu_ = std::move(*on_npu);
    auto on_cpu = MelFrontend::create(n_mels, kFrames + kSpare);
    ASSERT_TRUE(on_cpu);
    on_cpu_ = std::move(*on_cpu);
  }

  /// Pushes samples to both front ends. Writes the NPU's samples into the ring, as upstream does.
  void push(std::span<const std::int16_t> pcm) {
    while (!pcm.empty()) {
      const auto slice = ring_->acquire(std::min<std::size_t>(pcm.size(), 4000));
      ASSERT_FALSE(slice.empty());
      const auto part = pcm.first(slice.size());
      std::copy(part.begin(), part.end(), slice.begin());
      ASSERT_EQ(on_npu_->push(std::span<const std::int16_t>(slice)), slice.size());
      ASSERT_EQ(on_cpu_->push(part), part.size());
      ring_->release(slice);
      pcm = pcm.subspan(part.size());
    }
  }

  struct Difference {
    double largest = 0;
    double root_mean_square = 0;
  };
  /// Returns the difference between the two front ends in the window that begins at frame `first`.
  /// In both windows, frames beyond the audio must be zeros.
  Difference difference(std::int64_t first) {
    const auto n = static_cast<std::size_t>(kFrames) * static_cast<std::size_t>(mel_->n_mels());
    std::vector<float> found(n, 99.0F);
    std::vector<float> wanted(n, -99.0F);
    const auto n_found = on_npu_->window(first, kFrames, kFrames, found);
    EXPECT_TRUE(n_found) << n_found.error().message;
    const auto n_wanted = on_cpu_->window(first, kFrames, kFrames, wanted);
    if (!n_found) return {1e9, 1e9};
    EXPECT_EQ(*n_found, *n_wanted);
    Difference result;
    for (std::size_t i = 0; i < n; ++i) {
      const double error = std::fabs(static_cast<double>(found[i] - wanted[i]));
      result.largest = std::max(result.largest, error);
      result.root_mean_square += error * error;
    }
    result.root_mean_square = std::sqrt(result.root_mean_square / static_cast<double>(n));
    return result;
  }

  /// Maximum differences. The NPU rounds the features to bf16. Half a step of bf16 is 0.002 from
  /// 0.5 to 1, and 0.004 from 1 to 2. The NPU also rounds power, filters and the logarithm's
  /// argument to bf16. Each of these roundings is a factor of at most 1.004, or 0.0005 in a
  /// feature. The Fourier matrix has 16 bits. A bin at the floor, 80 dB below the loudest bin of
  /// its frame, can therefore have an error of 1e-6 * 10^4 = 0.01.
  static constexpr double kLargest = 0.015;
  static constexpr double kRootMeanSquare = 0.002;

  std::shared_ptr<XrtSession> session_;
  std::unique_ptr<WindowMel> mel_;
  std::shared_ptr<SampleRing> ring_;
  std::unique_ptr<LogMel> on_npu_;
  std::unique_ptr<MelFrontend> on_cpu_;
};

TEST_F(Mel, MatchesTheFrontEnd) {
  for (const int n_mels : {80, 128}) {
    on_npu_.reset();
    ring_.reset();
    ASSERT_NO_FATAL_FAILURE(prepare(n_mels));
    push(speech(kFrames * kHop + 1000));
    const Difference found = difference(0);
    EXPECT_LT(found.largest, kLargest) << n_mels;
    EXPECT_LT(found.root_mean_square, kRootMeanSquare) << n_mels;
    std::printf("%d mel bins: largest difference %.4f, root mean square %.5f\n", n_mels,
                found.largest, found.root_mean_square);
    std::printf("%s", mel_->plan().describe().c_str());
  }
}

TEST_F(Mel, AWindowIsOneSubmissionAndThreeSyncsWithoutACopy) {
  ASSERT_NO_FATAL_FAILURE(prepare(80));
  const auto pcm = speech(3 * kFrames * kHop / 2 + 777);
  push(std::span(pcm).first(kFrames * kHop + 1000));
  const std::uint64_t n_submissions = session_->n_submissions();
  const std::uint64_t n_syncs = session_->n_syncs();
  EXPECT_LT(difference(0).largest, kLargest);
  EXPECT_EQ(session_->n_submissions(), n_submissions + 1);
  EXPECT_EQ(session_->n_syncs(), n_syncs + 3);
  // The next window contains the end of the audio. The next window begins in the middle of the
  // previous one, because in a real stream the recognised text determines where a window begins.
  constexpr std::int64_t kNext = 1501;
  on_npu_->discard_before(kNext);
  on_cpu_->discard_before(kNext);
  push(std::span(pcm).subspan(kFrames * kHop + 1000));
  on_npu_->finish();
  on_cpu_->finish();
  EXPECT_LT(difference(kNext).largest, kLargest);
  EXPECT_EQ(session_->n_submissions(), n_submissions + 2);
  EXPECT_EQ(session_->n_syncs(), n_syncs + 6);
  EXPECT_EQ(on_npu_->bytes_copied(), 0U);
}

TEST_F(Mel, NeedsItsMatrix) {
  ASSERT_NO_FATAL_FAILURE(prepare(80));
  push(speech(kFrames * kHop + 1000));
  // Reverses the bytes of one tile of the Fourier matrix. Buffer 0 holds the headers, the matrix
  // and the filters.
  const auto tile = session_->buffer(0).subspan(npu::core::kTileBytes, npu::core::kTileBytes);
  std::reverse(tile.begin(), tile.end());
  ASSERT_TRUE(session_->sync_to_device(0));
  EXPECT_GT(difference(0).largest, 10 * kLargest);
}

// This test also runs with a fault script. The first window then fails and is repeated in a new
// context with the same part of the ring.
TEST_F(Mel, AWindowSucceedsDespiteAFault) {
  ASSERT_NO_FATAL_FAILURE(prepare(80));
  const bool fails = std::getenv("NPUWHISPER_EMULATOR_FAULTS") != nullptr;
  push(speech(kFrames * kHop + 1000));
  const std::uint64_t n_submissions = session_->n_submissions();
  EXPECT_LT(difference(0).largest, kLargest);
  EXPECT_EQ(session_->n_submissions(), n_submissions + (fails ? 2 : 1));
}

TEST_F(Mel, StreamsLeaveNothingBehind) {
  ASSERT_NO_FATAL_FAILURE(prepare(80));
  const auto before = session_->add_buffer(4096);
  ASSERT_TRUE(before) << before.error().message;
  session_->remove_buffer(*before);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(SampleRing::create(*mel_, nullptr));
  const auto after = session_->add_buffer(4096);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(*after, *before);
}

TEST_F(Mel, StreamsShareIt) {
  ASSERT_NO_FATAL_FAILURE(prepare(80));
  const auto pcm = speech(kFrames * kHop / 2);
  push(pcm);
  {
    auto ring = SampleRing::create(*mel_, nullptr);
    ASSERT_TRUE(ring) << ring.error().message;
    auto other = RingLogMel::create(std::move(*ring), kFrames + kSpare);
    ASSERT_TRUE(other);
    std::vector<float> out(static_cast<std::size_t>(kFrames) * 80);
    (*other)->push(std::span<const std::int16_t>(pcm).subspan(5000));
    EXPECT_TRUE((*other)->window(0, kFrames, kFrames, out));
  }
  on_npu_->finish();
  on_cpu_->finish();
  EXPECT_LT(difference(0).largest, kLargest);
}

}  // namespace
}  // namespace npuwhisper::npu_device
