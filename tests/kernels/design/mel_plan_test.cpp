// SPDX-License-Identifier: LGPL-2.1-or-later
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "design/pack_panels.h"
#include "design/plan.h"
#include "design/predict.h"
#include "mel_core/mel_core.h"
#include "support/core_shape.h"

namespace npuwhisper::npu {
namespace {

constexpr int kFrames = 3000;

class MelPlans : public testing::TestWithParam<CoreShape> {
 protected:
  DesignSpec spec() const {
    return *make_design_spec(GetParam().array, GetParam().rows, GetParam().columns);
  }
  static Operation spectrum(int n_frames) {
    return {"spectrum", Spectrum{.n_frames = n_frames,
                                 .samples = {2, 0, 0},
                                 .power = {1, 0, mel::kSpectrumColumns}}};
  }
  Result<Plan> plan(int n_frames, int n_mels) const {
    const auto rows = spectrum_rows(spec(), n_frames);
    if (!rows) return fail(rows.error());
    const Operation operations[] = {spectrum(n_frames),
                                    {"mel", Product{.m = *rows,
                                                    .k = mel::kSpectrumColumns,
                                                    .input = {1, 0, mel::kSpectrumColumns},
                                                    .parts = {{.n = n_mels, .output = {3, 0, 128}}},
                                                    .log_mel = true}}};
    return make_plan(spec(), operations, 0);
  }
};

TEST_P(MelPlans, AWindowIsOneStream) {
  for (const int n_mels : {80, 128}) {
    const auto made = plan(kFrames, n_mels);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_TRUE(decode(made->stream()));
    EXPECT_EQ(made->figures[0].macs, 2ULL * kFrames * mel::kFrameSamples * mel::kBins);
    const auto rows = static_cast<std::uint64_t>(made->figures[0].padded_rows);
    EXPECT_EQ(made->figures[0].padded_macs, rows * mel::kSpectrumRows * mel::kSpectrumColumns);
    EXPECT_NE(made->figures[0].reason.find("times)"), std::string::npos);
  }
}

TEST_P(MelPlans, EveryFrameHasARowOfItsOwn) {
  for (const int n_frames : {1, 63, 64, 65, 300, 3000}) {
    const int n_rows = *spectrum_rows(spec(), n_frames);
    std::set<int> rows;
    for (int frame = 0; frame < n_frames; ++frame) {
      const auto row = frame_row(spec(), n_frames, frame);
      ASSERT_TRUE(row);
      ASSERT_GE(*row, 0);
      ASSERT_LT(*row, n_rows);
      rows.insert(*row);
    }
    EXPECT_EQ(rows.size(), static_cast<std::size_t>(n_frames));
  }
  EXPECT_FALSE(frame_row(spec(), 10, 10));
  EXPECT_FALSE(frame_row(spec(), 10, -1));
}

TEST_P(MelPlans, RefusesWhatMakesNoSense) {
  for (const int n_frames : {0, -5, 1'000'000}) {
    const auto made = plan(n_frames, 80);
    ASSERT_FALSE(made) << n_frames;
    EXPECT_EQ(made.error().code, ErrorCode::InvalidArgument);
  }
  const Product filters{.m = 64,
                        .k = 128,
                        .input = {1, 0, 128},
                        .parts = {{.n = 64, .output = {3, 0, 64}}},
                        .log_mel = true};
  const auto plan_of = [this](const Product& product) {
    const Operation operation{"mel", product};
    return make_plan(spec(), std::span(&operation, 1), 0);
  };
  ASSERT_TRUE(plan_of(filters));
  Product gelu = filters;
  gelu.parts[0].gelu = true;
  Product int8 = filters;
  int8.weights = WeightType::Int8;
  for (const Product& product : {gelu, int8}) {
    const auto made = plan_of(product);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::Unsupported);
  }
  // The cores' function does not support a bias.
  const auto plan = plan_of(filters);
  std::vector<std::byte> packed(plan->packed_bytes);
  const std::vector<float> weights(64 * 128);
  const std::vector<float> bias(64);
  const Parameters with_bias{.weights = {.f32 = weights}, .bias = bias};
  const auto done = pack_panels(*plan, 0, std::span(&with_bias, 1), packed);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("bias of 64 elements, expected 0"), std::string::npos);
}

// The samples received before each pass include all that the pass needs, for runs of any length.
TEST(FrameRun, ReceivedSamplesCoverEachPass) {
  for (int n = 1; n <= 64 * 64; ++n) {
    const FrameRun run = make_frame_run(n);
    ASSERT_LE(run.advance, core::kTile);
    ASSERT_GE(run.last_frames(), 1);
    ASSERT_LE(run.last_frames(), run.advance);
    ASSERT_GT(run.first_samples(), 0);
    ASSERT_EQ(run.first_samples() % 2, 0);
    for (int pass = 0; pass < run.n_passes; ++pass) {
      const std::int64_t come = run.first_samples() + (pass + 1) * run.further_samples();
      const int last = std::min(run.advance * (pass + 1), n) - 1;
      ASSERT_GE(come, std::int64_t{last} * mel::kHopSamples + mel::kFrameSamples)
          << n << " frames, pass " << pass;
    }
  }
}

// configuration_seconds() reproduces the published figures that it is based on.
TEST(ConfigurationTime, IsThatOfTheSource) {
  EXPECT_NEAR(configuration_seconds(*make_design_spec("npu1", 4, 4)), 1.405e-3, 1e-6);
  EXPECT_NEAR(configuration_seconds(*make_design_spec("npu2", 4, 8)), 25e-6 + 296 * 7.2e-6, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Arrays, MelPlans, testing::ValuesIn(kPlannedShapes), name_of);

}  // namespace
}  // namespace npuwhisper::npu
