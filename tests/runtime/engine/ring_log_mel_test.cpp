// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/ring_log_mel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "audio/mel_frontend.h"
#include "host_window_mel.h"

namespace npuwhisper {
namespace {

constexpr int kMels = 20;
constexpr int kFrames = 60;
constexpr int kCapacity = kFrames + 16;
constexpr std::size_t kWindow = kFrames * kHop;

std::vector<std::int16_t> speech(std::size_t n) {
  std::mt19937 random(7);
  std::normal_distribution<double> noise(0, 300);
  std::vector<std::int16_t> pcm(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto t = static_cast<double>(i);
    pcm[i] =
        static_cast<std::int16_t>(4000 * std::sin(t * 0.05) * std::sin(t * 1e-4) + noise(random));
  }
  return pcm;
}

/// Passes a stream through the ring and through the CPU's front end. Both must return the same
/// windows.
class RingLogMelTest : public testing::Test {
 protected:
  void SetUp() override {
    auto ring = SampleRing::create(mel_, nullptr);
    ASSERT_TRUE(ring) << ring.error().message;
    ring_ = std::move(*ring);
    auto made = RingLogMel::create(ring_, kCapacity);
    ASSERT_TRUE(made) << made.error().message;
    found_ = std::move(*made);
    auto wanted = MelFrontend::create(kMels, kCapacity);
    ASSERT_TRUE(wanted);
    wanted_ = std::move(*wanted);
  }

  /// Compares whole and partly filled windows at `first`, then discards the frames before `next`.
  void expect_window(std::int64_t first, std::int64_t next) {
    ASSERT_EQ(found_->end_frame(), wanted_->end_frame());
    for (const int n_heard : {kFrames / 3, kFrames}) {
      std::vector<float> found(kFrames * kMels, -99.0F);
      std::vector<float> wanted(kFrames * kMels, 99.0F);
      const auto n_found = found_->window(first, n_heard, kFrames, found);
      ASSERT_TRUE(n_found) << n_found.error().message;
      ASSERT_EQ(*n_found, *wanted_->window(first, n_heard, kFrames, wanted));
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        ASSERT_NEAR(found[i], wanted[i], 2e-5)
            << "frame " << i / kMels << " of the window at " << first;
      }
    }
    found_->discard_before(next);
    wanted_->discard_before(next);
  }

  /// Pushes all of `pcm` to both implementations and compares whole windows, each `step` frames
  /// after the previous one.
  template <typename Push>
  void stream(std::span<const std::int16_t> pcm, int step, std::size_t piece, Push push) {
    std::size_t done = 0;
    while (done < pcm.size()) {
      const auto part = pcm.subspan(done, std::min(piece, pcm.size() - done));
      const std::size_t n = push(part);
      ASSERT_EQ(wanted_->push(part), n);
      ASSERT_EQ(found_->n_samples(), wanted_->n_samples());
      done += n;
      while (found_->end_frame() - first_ >= kFrames) {
        ASSERT_NO_FATAL_FAILURE(expect_window(first_, first_ + step));
        first_ += step;
      }
    }
  }
  void end() {
    found_->finish();
    wanted_->finish();
    expect_window(first_, first_);
  }
  /// Writes `part` to a slice of the ring, as upstream does, and pushes the slice.
  std::size_t through_ring(std::span<const std::int16_t> part) {
    const auto slice = ring_->acquire(part.size());
    EXPECT_EQ(slice.size(), part.size());
    std::copy(part.begin(), part.end(), slice.begin());
    const std::size_t n = found_->push(std::span<const std::int16_t>(slice));
    EXPECT_EQ(n, part.size()) << "the tests' windows leave room";
    ring_->release(slice);
    return n;
  }
  auto by_ring() {
    return [this](std::span<const std::int16_t> part) { return through_ring(part); };
  }

  test::HostWindowMel mel_{kMels, kFrames};
  std::shared_ptr<SampleRing> ring_;
  std::unique_ptr<LogMel> found_;
  std::unique_ptr<MelFrontend> wanted_;
  std::int64_t first_ = 0;
};

TEST_F(RingLogMelTest, AudioThatLiesInTheRingIsNotCopied) {
  const auto pcm = speech(8 * kWindow + 1234);
  stream(pcm, 43, 800, by_ring());
  end();
  EXPECT_EQ(found_->bytes_copied(), 0U);
  EXPECT_GT(mel_.n_runs, 8) << "one for each window";
}

/// Upstream may acquire slices while the stream is still being created or reset.
TEST_F(RingLogMelTest, SlicesFromBeforeTheStreamBeginsAreItsOwn) {
  const auto pcm = speech(2 * kWindow);
  const auto first = ring_->acquire(400);
  std::copy_n(pcm.begin(), 400, first.begin());
  found_->reset();
  EXPECT_EQ(found_->push(std::span<const std::int16_t>(first)), 400U);
  ring_->release(first);
  EXPECT_EQ(wanted_->push(std::span(pcm).first(400)), 400U);
  stream(std::span(pcm).subspan(400), 43, 800, by_ring());
  end();
  EXPECT_EQ(found_->bytes_copied(), 0U);
}

TEST_F(RingLogMelTest, ReleasedSlicesAtTheEndCauseNoCopy) {
  stream(speech(kWindow + 1235), 43, 800, by_ring());
  ring_->release(ring_->acquire(700));
  ring_->release(ring_->acquire(30));
  end();
  EXPECT_EQ(found_->bytes_copied(), 0U);
}

TEST_F(RingLogMelTest, SlicesHeldByOthersAtTheEndStayUntouched) {
  stream(speech(kWindow + 1235), 43, 800, by_ring());
  const auto slice = ring_->acquire(700);
  std::fill(slice.begin(), slice.end(), std::int16_t{77});
  end();
  EXPECT_GT(found_->bytes_copied(), 0U);
  EXPECT_EQ(std::count(slice.begin(), slice.end(), 77), std::ssize(slice));
  ring_->release(slice);
}

TEST_F(RingLogMelTest, OnlyWindowsAcrossTheRingsEndAreCopied) {
  const auto pcm = speech(35 * kWindow);
  stream(pcm, kFrames, 1000, by_ring());
  end();
  EXPECT_GT(found_->bytes_copied(), 0U);
  // The ring wraps three times. For each wrap, at most two windows of 16-bit samples are copied:
  // the current window, and the samples after it until no window needs samples from before the
  // wrap.
  EXPECT_LT(found_->bytes_copied(), 3 * 2 * 2 * (kWindow + kFftSize));
}

TEST_F(RingLogMelTest, AudioFromElsewhereIsCopiedOnce) {
  const auto pcm = speech(4 * kWindow + 77);
  stream(pcm, kFrames, 513,
         [&](auto part) { return found_->push(std::span<const std::int16_t>(part)); });
  end();
  EXPECT_GE(found_->bytes_copied(), 2 * pcm.size());
}

TEST_F(RingLogMelTest, FloatsAreRounded) {
  const auto pcm = speech(2 * kWindow);
  stream(pcm, 50, 700, [&](std::span<const std::int16_t> part) {
    std::vector<float> floats(part.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      floats[i] = static_cast<float>(part[i]) / 32768.0F;
    }
    return found_->push(std::span<const float>(floats));
  });
  end();
  EXPECT_EQ(found_->bytes_copied(), 4 * pcm.size());
}

TEST_F(RingLogMelTest, SlicesThatWereNotFilledAreGathered) {
  const auto pcm = speech(7 * kWindow);
  std::mt19937 random(3);
  stream(pcm, 31, 777, [&](std::span<const std::int16_t> part) {
    const auto slice = ring_->acquire(part.size() + (random() % 9 == 0 ? 1 + random() % 40 : 0));
    std::copy(part.begin(), part.end(), slice.begin());
    const std::size_t n = found_->push(std::span<const std::int16_t>(slice.first(part.size())));
    ring_->release(slice);
    return n;
  });
  end();
  EXPECT_GT(found_->bytes_copied(), 0U);
}

TEST_F(RingLogMelTest, AfterABreakItGoesOnWithoutCopies) {
  const auto pcm = speech(7 * kWindow);
  const std::span all(pcm);
  stream(all.first(kWindow / 2), kFrames, 480, by_ring());
  const auto lost = ring_->acquire(100);
  ring_->release(lost);
  stream(all.subspan(kWindow / 2, 3 * kWindow), kFrames, 480, by_ring());
  const std::uint64_t copied = found_->bytes_copied();
  EXPECT_GT(copied, 0U);
  stream(all.subspan(kWindow / 2 + 3 * kWindow), kFrames, 480, by_ring());
  end();
  EXPECT_EQ(found_->bytes_copied(), copied);
}

TEST_F(RingLogMelTest, AStreamAfterAnotherHasABorderOfItsOwn) {
  const auto pcm = speech(2 * kWindow);
  for (int round = 0; round < 3; ++round) {
    first_ = 0;
    stream(pcm, kFrames, 640, by_ring());
    end();
    found_->reset();
    wanted_->reset();
  }
  EXPECT_EQ(found_->bytes_copied(), 0U);
}

TEST_F(RingLogMelTest, ASliceFromBeforeAResetStartsAStreamToo) {
  const auto pcm = speech(kWindow);
  stream(std::span(pcm).first(300), kFrames, 300, by_ring());
  const auto slice = ring_->acquire(pcm.size());
  std::copy(pcm.begin(), pcm.end(), slice.begin());
  found_->reset();
  wanted_->reset();
  stream(pcm, kFrames, pcm.size(), [&](auto part) {
    return found_->push(std::span<const std::int16_t>(slice.first(part.size())));
  });
  ring_->release(slice);
  end();
}

TEST_F(RingLogMelTest, VeryShortStreams) {
  const auto pcm = speech(1000);
  for (const std::size_t n : {0U, 1U, 159U, 160U, 200U, 201U, 359U, 360U, 361U, 999U}) {
    found_->reset();
    wanted_->reset();
    first_ = 0;
    stream(std::span(pcm).first(n), kFrames, n + 1, by_ring());
    SCOPED_TRACE(n);
    end();
    EXPECT_EQ(found_->push(std::span<const std::int16_t>(pcm)), 0U) << "after the end";
  }
}

TEST_F(RingLogMelTest, WhereOthersHoldTheWholeRingAudioIsStillTaken) {
  const auto held = ring_->acquire(static_cast<std::size_t>(10 * kFrames) * kHop);
  ASSERT_FALSE(held.empty());
  EXPECT_TRUE(ring_->acquire(2).empty());
  const auto pcm = speech(3 * kWindow);
  stream(pcm, 40, 900,
         [&](auto part) { return found_->push(std::span<const std::int16_t>(part)); });
  ring_->release(held);
  stream(pcm, 40, 900, by_ring());
  end();
}

TEST_F(RingLogMelTest, NeededSamplesAreNotHandedOutAgain) {
  const auto pcm = speech(kWindow / 2);
  stream(pcm, kFrames, pcm.size(), by_ring());
  std::size_t n = 0;
  while (!ring_->acquire(1600).empty()) n += 1600;
  EXPECT_LE(n, 10 * kWindow - pcm.size());
  EXPECT_GE(n, 10 * kWindow - pcm.size() - 2 * 1600);
}

TEST_F(RingLogMelTest, ABorderIsNotHandedOutWhileItsStreamBegins) {
  for (const bool is_pushed : {false, true}) {
    through_ring(speech(1000));
    found_->reset();
    const auto first = ring_->acquire(1000);
    ASSERT_EQ(first.size(), 1000U);
    if (is_pushed) {
      found_->push(std::span<const std::int16_t>(first));
      ring_->release(first);
    }
    const std::int16_t* border = first.data() - SampleRing::kBorder;
    std::vector<std::span<std::int16_t>> others;
    for (auto slice = ring_->acquire(100); !slice.empty(); slice = ring_->acquire(100)) {
      EXPECT_TRUE(slice.data() + slice.size() <= border || slice.data() >= first.data() + 1000)
          << (is_pushed ? "pushed: " : "not pushed: ") << slice.data() - border;
      others.push_back(slice);
    }
    EXPECT_GT(others.size(), (SampleRing::kRingWindows - 1) * kWindow / 100);
    for (const auto slice : others) ring_->release(slice);
    if (!is_pushed) ring_->release(first);
    found_->reset();
  }
}

TEST_F(RingLogMelTest, MirroredSamplesStayInTheStore) {
  const auto pcm = speech(1000);
  through_ring(pcm);
  wanted_->push(std::span<const std::int16_t>(pcm));
  // Acquires all other samples of the ring. The ring's store begins directly after these samples.
  const auto others = ring_->acquire(SampleRing::kRingWindows * kWindow - pcm.size());
  ASSERT_FALSE(others.empty());
  std::fill(others.begin(), others.end(), std::int16_t{1234});
  found_->discard_before(1);
  wanted_->discard_before(1);
  found_->push(std::span<const std::int16_t>(pcm));
  wanted_->push(std::span<const std::int16_t>(pcm));
  expect_window(1, 1);
  EXPECT_EQ(std::count(others.begin(), others.end(), 1234), std::ssize(others));
  ring_->release(others);
}

TEST_F(RingLogMelTest, RefusesOtherSizes) {
  EXPECT_FALSE(RingLogMel::create(ring_, kFrames - 1));
  EXPECT_FALSE(RingLogMel::create(ring_, kFrames + SampleRing::kSpareFrames + 1));
  std::vector<float> out(10 * kMels);
  const auto window = found_->window(0, 10, 10, out);
  ASSERT_FALSE(window);
  EXPECT_EQ(window.error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace npuwhisper
