// SPDX-License-Identifier: LGPL-2.1-or-later
#include "array/clock_constants.h"

#include <gtest/gtest.h>

namespace npuwhisper::npu {
namespace {

/// The best published throughput of a whole design for a data type, in 1e12 operations a second (a
/// multiply-accumulate counts as two). The figure is independent of the clock table. The throughput
/// according to the table must be 98 % to 100.5 % of the figure.
struct Published {
  const char* what;
  const ArrayClock& clock;
  int n_cores;
  MacRate ArrayClock::*rate;
  double tera_per_second;
};
const Published kPublished[] = {
    {"npu1 int8, arXiv 2512.13282", kAie2Clock, 16, &ArrayClock::int8, 6.76},
    {"npu1 bf16, arXiv 2512.13282", kAie2Clock, 16, &ArrayClock::bf16, 3.14},
    {"npu2 int8, arXiv 2512.13282", kAie2pClock, 32, &ArrayClock::int8, 38.05},
    {"npu2 bf16 by bfp16, arXiv 2512.13282", kAie2pClock, 32, &ArrayClock::bf16_by_bfp16, 14.71},
    {"npu2 bf16, mlir-aie's block data types", kAie2pClock, 32, &ArrayClock::bf16, 1.6},
    {"npu2 bfp16, mlir-aie's asymmetric tile buffering", kAie2pClock, 32, &ArrayClock::bfp16, 31.6},
};

TEST(ClockConstants, NoTypeIsFasterThanTheBestPublished) {
  for (const Published& published : kPublished) {
    const MacRate& rate = published.clock.*published.rate;
    const double tera =
        2 * rate.peak * rate.efficiency * published.n_cores * published.clock.hertz * 1e-12;
    EXPECT_LE(tera, published.tera_per_second * 1.005) << published.what;
    EXPECT_GE(tera, published.tera_per_second * 0.98) << published.what;
  }
}

TEST(ClockConstants, WiderOperandsAreNotFaster) {
  for (const ArrayClock* clock : {&kAie2Clock, &kAie2pClock}) {
    const auto of = [](const MacRate& rate) { return rate.peak * rate.efficiency; };
    EXPECT_GE(of(clock->int8), of(clock->int16x8));
    EXPECT_GE(of(clock->int16x8), of(clock->int16));
    EXPECT_GE(of(clock->bfp16), of(clock->bf16_by_bfp16));
    EXPECT_GE(of(clock->bf16_by_bfp16), of(clock->bf16));
    EXPECT_GE(of(clock->bf16), of(clock->f32));
  }
}

TEST(ClockConstants, EachGenerationHasItsOwn) {
  EXPECT_EQ(&clock_of(Generation::Aie2), &kAie2Clock);
  EXPECT_EQ(&clock_of(Generation::Aie2p), &kAie2pClock);
}

}  // namespace
}  // namespace npuwhisper::npu
