// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares log-mel on the emulated array, computed by the project's own kernels, with plain C++.
// The tests check that overlapping frames are read correctly from shared samples. They also check
// the spectra, filters and logarithms of the frames.
#include <cmath>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "array/buffer_descriptor.h"
#include "design/pack_panels.h"
#include "mel_core/mel_core_ref.h"
#include "support/emulated_array.h"

namespace npuwhisper::npu {
namespace {

enum Argument : int { kPacked, kPower, kSamples, kFeatures, kArguments };

struct Shape {
  const char* array;
  int rows, columns;
  int n_frames, n_mels;
};

std::size_t usize(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

/// Returns a weight of a triangular filter. The filters widen with `mel`, as mel filters do, but do
/// not have the exact frequencies of mel filters.
float filter(int mel, int n_mels, int bin) {
  const double centre = 2 + 195.0 * mel / n_mels;
  const double width = 2 + 0.05 * mel;
  return static_cast<float>(0.02 * std::max(0.0, 1 - std::fabs(bin - centre) / width));
}

class MelOnArray : public testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    spec_ = *make_design_spec(GetParam().array, GetParam().rows, GetParam().columns);
    const auto rows = spectrum_rows(spec_, n_frames());
    ASSERT_TRUE(rows) << rows.error().message;
    rows_ = *rows;
    operations_ = {
        {"spectrum", Spectrum{.n_frames = n_frames(),
                              .samples = {kSamples, 0, 0},
                              .power = {kPower, 0, mel::kSpectrumColumns}}},
        {"mel", Product{.m = rows_,
                        .k = mel::kSpectrumColumns,
                        .input = {kPower, 0, mel::kSpectrumColumns},
                        .parts = {{.n = n_mels(), .output = {kFeatures, 0, mel_columns()}}},
                        .log_mel = true}}};
    auto plan = make_plan(spec_, operations_, kPacked);
    ASSERT_TRUE(plan) << plan.error().message;
    plan_ = std::move(*plan);
    make_buffers();
  }

  void make_buffers() {
    buffers_[kPacked].assign(plan_.packed_bytes, std::byte{0});
    buffers_[kPower].assign(2 * usize(rows_) * mel::kSpectrumColumns, std::byte{0x7f});
    buffers_[kFeatures].assign(2 * usize(rows_) * usize(mel_columns()), std::byte{0x7f});
    std::vector<float> weights(usize(n_mels()) * mel::kSpectrumColumns);
    for (int m = 0; m < n_mels(); ++m) {
      for (int bin = 0; bin < mel::kBins; ++bin) {
        weights[usize(m) * mel::kSpectrumColumns + usize(mel::real_column(bin))] =
            filter(m, n_mels(), bin);
      }
    }
    const Parameters parameters{.weights = {.f32 = weights}};
    ASSERT_TRUE(pack_panels(plan_, 0, {}, buffers_[kPacked]));
    ASSERT_TRUE(pack_panels(plan_, 1, std::span(&parameters, 1), buffers_[kPacked]));

    // The samples are 11 harmonics, each 4 dB below the previous one, plus faint noise. No samples
    // follow the window, so reads beyond the window are refused.
    samples_.resize(usize(make_frame_run(n_frames()).samples()));
    std::mt19937 random(11);
    std::normal_distribution<double> noise(0, 20);
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      double x = noise(random);
      const auto t = static_cast<double>(i);
      for (int h = 1; h < 12; ++h) {
        x += 6000 * std::pow(10.0, -0.2 * h) * std::sin(0.07 * h * t + 1e-6 * t * t + h);
      }
      samples_[i] = static_cast<std::int16_t>(std::nearbyint(x));
    }
    // The last core row reads as many samples as the other core rows.
    const int shared = deal_frames(spec_, n_frames(), 1 << 20).per_row * spec_.core_rows;
    buffers_[kSamples].assign(2 * usize(make_frame_run(shared).samples()), std::byte{0});
    std::memcpy(buffers_[kSamples].data(), samples_.data(), 2 * samples_.size());
  }

  emu::RunOutcome run(const std::vector<std::uint32_t>& stream) {
    const bool aie2 = spec_.array->generation == Generation::Aie2;
    auto array = EmulatedArray::create(spec_, aie2 ? MEL_CORE_AIE2 : MEL_CORE_AIE2P, mel::kObject);
    if (!array) return {emu::RunState::Error, array.error().message, 0};
    std::array<std::span<std::byte>, kArguments> buffers;
    for (std::size_t i = 0; i < buffers.size(); ++i) buffers[i] = buffers_[i];
    emu::RunOutcome outcome = (*array)->run(stream, buffers);
    counters_ = (*array)->counters();
    return outcome;
  }

  double feature(int frame, int m) const {
    const int row = *frame_row(spec_, n_frames(), frame);
    std::uint16_t bits = 0;
    std::memcpy(&bits, &buffers_[kFeatures][2 * (usize(row) * usize(mel_columns()) + usize(m))], 2);
    return static_cast<double>(from_bf16(bits));
  }
  /// Returns evenly spaced frames (at most 193) and the last three. The reference is too slow for
  /// all frames of a long window.
  std::vector<int> frames_to_check() const {
    std::vector<int> frames;
    for (int f = 0; f < n_frames(); f += std::max(1, n_frames() / 97)) frames.push_back(f);
    for (int f = std::max(0, n_frames() - 3); f < n_frames(); ++f) frames.push_back(f);
    return frames;
  }
  std::vector<double> wanted(int frame) const {
    const auto power = reference::power(
        std::span(samples_).subspan(usize(frame) * mel::kHopSamples, mel::kFrameSamples));
    std::vector<double> features;
    for (int m = 0; m < n_mels(); ++m) {
      double y = 0;
      for (int bin = 0; bin < mel::kBins; ++bin) {
        y += power[usize(bin)] * static_cast<double>(filter(m, n_mels(), bin));
      }
      features.push_back(reference::log_mel(y));
    }
    return features;
  }
  double largest_error() const {
    double largest = 0;
    for (const int frame : frames_to_check()) {
      const auto features = wanted(frame);
      for (int m = 0; m < n_mels(); ++m) {
        const double error = std::fabs(feature(frame, m) - features[usize(m)]);
        largest = std::isfinite(error) ? std::max(largest, error) : 1e9;
      }
    }
    return largest;
  }
  /// The largest accepted error of a feature. Rounding a feature to bf16 adds up to 0.002 between
  /// 0.5 and 1, and up to 0.004 between 1 and 2. The logarithm's argument is rounded to bf16 twice
  /// (power, filters), by a factor of 0.002 each, which adds 0.0005. The Fourier matrix has 16
  /// bits, which adds 0.004 for a bin 60 dB below the strongest one.
  static constexpr double kBound = 0.012;

  int n_frames() const { return GetParam().n_frames; }
  int n_mels() const { return GetParam().n_mels; }
  int mel_columns() const { return (n_mels() + core::kTile - 1) / core::kTile * core::kTile; }

  DesignSpec spec_{};
  int rows_ = 0;
  std::vector<Operation> operations_{};
  Plan plan_{};
  std::vector<std::int16_t> samples_{};
  std::array<std::vector<std::byte>, kArguments> buffers_{};
  emu::Counters counters_{};
};

/// Tests on arrays with enough columns for a spectrum in one job. All core rows have the same
/// number of frames.
class MelInOneJob : public MelOnArray {};

TEST_P(MelOnArray, IsWhisperLogMel) {
  const auto outcome = run(plan_.stream());
  ASSERT_EQ(outcome.state, emu::RunState::Completed) << outcome.message;
  EXPECT_LT(largest_error(), kBound);
  EXPECT_EQ(counters_.n_runs, 1U);
}

TEST_P(MelOnArray, MovesAndMultipliesWhatThePlanSays) {
  ASSERT_EQ(run(plan_.stream()).state, emu::RunState::Completed);
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t macs = 0;
  for (const OperationPlan& figures : plan_.figures) {
    bytes_in += figures.bytes_in;
    bytes_out += figures.bytes_out;
    macs += figures.padded_macs;
  }
  EXPECT_EQ(counters_.bytes_from_host, bytes_in);
  EXPECT_EQ(counters_.bytes_to_host, bytes_out);
  EXPECT_EQ(counters_.multiply_accumulates, macs);
}

// The spectrum runs alone, so the shims read only packed weights and samples. The frames of two
// adjacent core rows share 240 samples, which are sent to both core rows. No other sample is sent
// twice.
TEST_P(MelInOneJob, SamplesAreSentOnceExceptWhereCoreRowsMeet) {
  const auto spectrum = make_plan(spec_, std::span(operations_.data(), 1), kPacked);
  ASSERT_TRUE(spectrum);
  ASSERT_EQ(run(spectrum->stream()).state, emu::RunState::Completed);
  const std::uint64_t sample_bytes = counters_.bytes_from_host - spectrum->packed_bytes;
  const auto twice =
      static_cast<std::uint64_t>((spec_.core_rows - 1) * (mel::kFrameSamples - mel::kHopSamples));
  EXPECT_EQ(sample_bytes, 2 * (samples_.size() + twice));
}

TEST_P(MelOnArray, MutationsShow) {
  ASSERT_EQ(run(plan_.stream()).state, emu::RunState::Completed);
  const auto right = buffers_[kFeatures];

  // Changes the advance from pass to pass by one word. If there is only one pass, changes the hop
  // instead.
  Plan mutated = plan_;
  const std::uint32_t frames =
      tile_address({spec_.a_column(0), 1}, descriptor_register(TileKind::Mem, layout::kMemABd + 2));
  for (Instruction& instruction : mutated.instructions) {
    auto* write = std::get_if<BlockWrite>(&instruction);
    if (write == nullptr || write->address != frames) continue;
    auto d = unpack(write->values, TileKind::Mem, *spec_.array);
    ASSERT_TRUE(d);
    ++(d->iteration_wrap > 1 ? d->iteration_step : d->dims[1].step);
    const auto words = pack(*d, TileKind::Mem, *spec_.array);
    ASSERT_TRUE(words) << words.error().message;
    write->values.assign(words->begin(), words->end());
    break;
  }
  ASSERT_EQ(run(mutated.stream()).state, emu::RunState::Completed);
  EXPECT_NE(buffers_[kFeatures], right);

  // Changes one element of the Fourier matrix.
  buffers_[kPacked][core::kTileBytes + 2 * (20 * core::kTile + 3) + 1] ^= std::byte{0x40};
  ASSERT_EQ(run(plan_.stream()).state, emu::RunState::Completed);
  EXPECT_NE(buffers_[kFeatures], right);
}

std::string name_of(const testing::TestParamInfo<Shape>& shape) {
  return std::string(shape.param.array) + "_" + std::to_string(shape.param.rows) + "x" +
         std::to_string(shape.param.columns) + "_" + std::to_string(shape.param.n_frames);
}

INSTANTIATE_TEST_SUITE_P(Arrays, MelInOneJob,
                         testing::Values(Shape{"npu1", 1, 4, 700, 80},
                                         Shape{"npu1", 4, 4, 3000, 80},
                                         Shape{"npu2", 4, 8, 3000, 128}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Arrays, MelOnArray,
                         testing::Values(Shape{"npu1", 1, 1, 70, 80}, Shape{"npu1", 2, 2, 300, 80},
                                         Shape{"npu1", 1, 4, 1000, 80},
                                         Shape{"npu1", 4, 4, 3000, 80},
                                         Shape{"npu2", 4, 1, 259, 128},
                                         Shape{"npu2", 2, 3, 131, 80},
                                         Shape{"npu2", 4, 8, 3000, 128}),
                         name_of);

}  // namespace
}  // namespace npuwhisper::npu
