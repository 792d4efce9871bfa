// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "bounds.h"
#include "core_object.h"
#include "mel_core/fourier_matrix.h"
#include "mel_core/mel_core_ref.h"

namespace npuwhisper::npu::testing {
namespace {

using core::JobHeader;
using core::kTile;
using reference::Matrix;

constexpr int kMels = 80;

class MelCoreTest : public ::testing::TestWithParam<Generation> {
 protected:
  MelCoreTest()
      : object_(GetParam(), GetParam() == Generation::Aie2 ? MEL_CORE_AIE2 : MEL_CORE_AIE2P) {}

  static JobHeader header(std::int32_t operation, int n_blocks, int k_steps) {
    JobHeader h{};
    h.operation = operation;
    h.m_passes = 1;
    h.n_blocks = n_blocks;
    h.k_steps = k_steps;
    h.a_per_step = 1;
    h.c_steps = 1;
    h.core_rows = 1;
    h.valid_rows = kTile;
    return h;
  }

  /// Returns the power spectrum [64, kSpectrumColumns] of 64 frames of `audio`, a hop apart.
  Matrix spectrum(const std::vector<std::int16_t>& audio) {
    constexpr int kTiles = mel::kSpectrumColumns / kTile;
    Matrix result(kTile, mel::kSpectrumColumns);
    for (int first = 0; first < kTiles; first += core::kMaxBlocks) {
      const int n_blocks = std::min(core::kMaxBlocks, kTiles - first);
      std::deque<Tile> a;
      std::deque<Tile> b;
      for (int block = first; block < first + n_blocks; ++block) {
        for (int k = 0; k < mel::kSpectrumRows / kTile; ++k) {
          a.push_back(object_.sample_tile([&](int row, int column) {
            const int at = row * mel::kHopSamples + k * kTile + column;
            return static_cast<std::uint16_t>(audio[static_cast<std::size_t>(at)]);
          }));
          b.push_back(object_.b_tile([&](int row, int column) {
            return static_cast<std::uint16_t>(
                mel::fourier_element(k * kTile + row, block * kTile + column));
          }));
        }
      }
      const auto tiles =
          object_.run(header(mel::kSpectrum, n_blocks, mel::kSpectrumRows / kTile), a, b);
      for (int block = 0; block < n_blocks; ++block) {
        for (int row = 0; row < kTile; ++row) {
          for (int column = 0; column < kTile; ++column) {
            result.at(row, (first + block) * kTile + column) =
                object_.c_element(tiles.at(static_cast<std::size_t>(block)), row, column);
          }
        }
      }
    }
    return result;
  }

  /// Applies `filters` [kSpectrumColumns, 128] to `power`. Returns features [64, 128].
  Matrix features(const Matrix& power, const Matrix& filters) {
    constexpr int kSteps = mel::kSpectrumColumns / kTile;
    std::deque<Tile> a;
    std::deque<Tile> b;
    for (int block = 0; block < 2; ++block) {
      for (int k = 0; k < kSteps; ++k) {
        a.push_back(object_.a_tile(power, 0, k));
        b.push_back(object_.b_tile(filters, k, block));
      }
    }
    const auto tiles = object_.run(header(mel::kMel, 2, kSteps), a, b);
    Matrix result(kTile, 2 * kTile);
    for (int row = 0; row < kTile; ++row) {
      for (int column = 0; column < 2 * kTile; ++column) {
        result.at(row, column) = object_.c_element(
            tiles.at(static_cast<std::size_t>(column / kTile)), row, column % kTile);
      }
    }
    return result;
  }

  static std::size_t n_samples() {
    return static_cast<std::size_t>(63 * mel::kHopSamples + mel::kSpectrumRows);
  }

  /// Returns triangular filters at least 4 bins wide. They widen as mel filters do, but do not have
  /// the exact frequencies of mel filters.
  static Matrix filters() {
    Matrix m(mel::kSpectrumColumns, 2 * kTile);
    for (int filter = 0; filter < kMels; ++filter) {
      const double centre = 2 + 2.4 * filter;
      const double width = 2 + 0.05 * filter;
      for (int bin = 0; bin < mel::kBins; ++bin) {
        const double weight = 1 - std::fabs(bin - centre) / width;
        if (weight > 0) m.at(mel::real_column(bin), filter) = 0.02 * weight;
      }
    }
    return rounded(m);
  }

  void check_spectrum(const std::vector<std::int16_t>& audio) {
    const Matrix found = spectrum(audio);
    for (int row = 0; row < kTile; ++row) {
      const std::span<const std::int16_t> frame(audio.data() + row * mel::kHopSamples,
                                                mel::kFrameSamples);
      const auto wanted = reference::power(frame);
      // The Fourier matrix is rounded to multiples of 2^-15. Each element is off by at most half a
      // unit, except 1, which is one unit too small. Sums of 64 products are off by half of 2^-24.
      double off = 8 * std::ldexp(1.0, -25);
      for (const std::int16_t sample : frame) {
        off += std::fabs(sample / 32768.0) * std::ldexp(1.0, -16);
      }
      off += std::ldexp(1.0, -15);
      for (int bin = 0; bin < mel::kBins; ++bin) {
        const double power = wanted[static_cast<std::size_t>(bin)];
        const double bound =
            power * kBf16 + 2 * std::sqrt(2 * power) * off + 2 * off * off + power * kSplit;
        ASSERT_NEAR(found.at(row, mel::real_column(bin)), power, bound)
            << "frame " << row << " bin " << bin;
        ASSERT_EQ(found.at(row, mel::imaginary_column(bin)), 0.0);
      }
    }
  }

  CoreObject object_;
  std::mt19937 generator_{5};
};

TEST_P(MelCoreTest, PowerOfNoise) {
  std::vector<std::int16_t> audio(n_samples());
  std::normal_distribution<double> noise(0, 3000);
  for (auto& sample : audio) sample = static_cast<std::int16_t>(noise(generator_));
  check_spectrum(audio);
}

TEST_P(MelCoreTest, PowerOfFullScale) {
  std::vector<std::int16_t> audio(n_samples());
  for (std::size_t i = 0; i < audio.size(); ++i) {
    audio[i] = i % 16 < 8 ? std::int16_t{32767} : std::int16_t{-32768};
  }
  check_spectrum(audio);
  std::fill(audio.begin(), audio.end(), std::int16_t{-32768});
  check_spectrum(audio);
}

TEST_P(MelCoreTest, PowerOfASineAndOfSilence) {
  std::vector<std::int16_t> audio(n_samples());
  for (std::size_t i = 0; i < audio.size(); ++i) {
    audio[i] = static_cast<std::int16_t>(
        20000 * std::sin(2 * std::numbers::pi * 1234.0 * static_cast<double>(i) / 16000));
  }
  check_spectrum(audio);
  std::fill(audio.begin(), audio.end(), std::int16_t{0});
  const Matrix silence = spectrum(audio);
  for (const double value : silence.values) ASSERT_EQ(value, 0.0);
}

TEST_P(MelCoreTest, LogOfFilteredPower) {
  Matrix power(kTile, mel::kSpectrumColumns);
  std::normal_distribution<double> exponent(-4, 2.5);
  for (int row = 0; row < kTile; ++row) {
    for (int bin = 0; bin < mel::kBins; ++bin) {
      power.at(row, mel::real_column(bin)) = row == 7 ? 0 : std::pow(10.0, exponent(generator_));
    }
  }
  power = rounded(power);
  const Matrix filter = filters();
  const Matrix wanted = reference::product(power, filter);
  const Matrix found = features(power, filter);
  for (int row = 0; row < kTile; ++row) {
    for (int mel = 0; mel < 2 * kTile; ++mel) {
      const double feature = reference::log_mel(wanted.at(row, mel));
      // take_log() rounds the polynomial's argument, each of its steps and its result to bf16. This
      // changes log2 by at most 0.0085. The factor log10(2) / 4 reduces the error to less than 7e-4
      // in the feature.
      const double bound = 7e-4 + std::fabs(feature) * kBf16;
      ASSERT_NEAR(found.at(row, mel), feature, bound) << "frame " << row << " filter " << mel;
    }
  }
  EXPECT_EQ(found.at(7, 3), -1.5) << "silence is the floor, exactly";
}

TEST_P(MelCoreTest, WholeSpectrogram) {
  // The audio is similar to speech. It has harmonics that fade by 60 dB over the band, plus faint
  // noise.
  std::vector<std::int16_t> audio(n_samples());
  std::normal_distribution<double> noise(0, 1.5);
  for (std::size_t i = 0; i < audio.size(); ++i) {
    double x = noise(generator_);
    for (int h = 1; h < 40; ++h) {
      x += 6000 * std::pow(10.0, -0.075 * h) *
           std::sin(2 * std::numbers::pi * 180.0 * h * static_cast<double>(i) / 16000 + h * h);
    }
    audio[i] = static_cast<std::int16_t>(std::nearbyint(x));
  }
  const Matrix filter = filters();
  const Matrix found = features(spectrum(audio), filter);
  Matrix wanted(kTile, kMels);
  double largest = -10;
  for (int row = 0; row < kTile; ++row) {
    const auto power = reference::power(
        {audio.data() + row * mel::kHopSamples, static_cast<std::size_t>(mel::kFrameSamples)});
    for (int mel = 0; mel < kMels; ++mel) {
      double y = 0;
      for (int bin = 0; bin < mel::kBins; ++bin) {
        y += power[static_cast<std::size_t>(bin)] * filter.at(mel::real_column(bin), mel);
      }
      wanted.at(row, mel) = reference::log_mel(y);
      largest = std::max(largest, wanted.at(row, mel));
    }
  }
  double squares = 0;
  for (int row = 0; row < kTile; ++row) {
    for (int mel = 0; mel < kMels; ++mel) {
      const double feature = std::max(wanted.at(row, mel), largest - 2);
      const double error = std::fabs(std::max(found.at(row, mel), largest - 2) - feature);
      squares += error * error;
      // Rounding to bf16 adds 0.002 below 1, and the logarithm adds as much again. The Fourier
      // matrix has 16 bits. Its error is about 1e-6 of the strongest bin's amplitude. Relative to
      // the amplitude of a bin whose feature is lower by d, the error is 1e-6 * 10^(2 d).
      ASSERT_LT(error, 0.004 + 1e-6 * std::pow(10.0, 2 * (largest - feature))) << row << " " << mel;
    }
  }
  // Rounding features to bf16 adds an error of at most 0.002 below 1.
  EXPECT_LT(std::sqrt(squares / (kTile * kMels)), 0.0015);
}

TEST_P(MelCoreTest, CountsItsMultiplyAccumulates) {
  spectrum(std::vector<std::int16_t>(n_samples()));
  const NpuWhisperCoreState& state = object_.state();
  EXPECT_EQ(state.macs_16x16, 64ULL * mel::kSpectrumRows * mel::kSpectrumColumns);
  features(Matrix(kTile, mel::kSpectrumColumns), filters());
  EXPECT_EQ(state.macs_bf16, 64ULL * mel::kSpectrumColumns * 128);
  EXPECT_EQ(state.macs_bfp16 + state.macs_bf16_by_bfp16, 0U);
}

INSTANTIATE_TEST_SUITE_P(Generations, MelCoreTest,
                         ::testing::Values(Generation::Aie2, Generation::Aie2p),
                         [](const auto& generation) {
                           return generation.param == Generation::Aie2 ? "Aie2" : "Aie2p";
                         });

}  // namespace
}  // namespace npuwhisper::npu::testing
