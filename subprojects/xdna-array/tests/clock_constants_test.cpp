// SPDX-License-Identifier: LGPL-2.1-or-later
#include "array/clock_constants.h"

#include <gtest/gtest.h>

namespace npuwhisper::npu {
namespace {

/// A published throughput of a whole design or of a kernel for a data type, in 1e12 operations a
/// second of the whole array (a multiply-accumulate counts as two). The figure is independent of
/// the clock table. The throughput according to the table must be 98 % to 100.5 % of the figure.
struct Published {
  const char* what;
  const ArrayClock& clock;
  int n_cores;
  double hertz;  ///< Clock of the machine that was measured.
  MacRate ArrayClock::*rate;
  double tera_per_second;
};
const Published kPublished[] = {
    {"npu1 int8, arXiv 2512.13282", kAie2Published, 16, 1.6e9, &ArrayClock::int8, 6.76},
    {"npu1 bf16, arXiv 2512.13282", kAie2Published, 16, 1.6e9, &ArrayClock::bf16, 3.14},
    {"npu2 int8, arXiv 2512.13282", kAie2pPublished, 32, 1.8e9, &ArrayClock::int8, 38.05},
    {"npu2 bf16 by bfp16, arXiv 2512.13282", kAie2pPublished, 32, 1.8e9, &ArrayClock::bf16_by_bfp16,
     14.71},
    // 64 x 64 x 48 in 6,806 cycles of one core at 1.808 GHz.
    {"npu2 bf16, NpuEmbeddings", kAie2pPublished, 1, 1.808e9, &ArrayClock::bf16, 0.1045},
    {"npu2 bfp16, mlir-aie's asymmetric tile buffering", kAie2pPublished, 32, 1.8e9,
     &ArrayClock::bfp16, 31.6},
    {"npu1 bf16, ignite-xdna", kAie2Open, 16, 1.8e9, &ArrayClock::bf16, 2.70},
    {"npu1 int8, ignite-xdna", kAie2Open, 16, 1.8e9, &ArrayClock::int8, 4.607},
    {"npu2 int8, bitnet-xdna2-strix-halo", kAie2pOpen, 32, 1.8e9, &ArrayClock::int8, 13.8},
    // The same call in 7,897 cycles, in an encoder.
    {"npu2 bf16, NpuEmbeddings' encoder", kAie2pOpen, 1, 1.808e9, &ArrayClock::bf16, 0.0900},
    {"npu2 bfp16, mlir-aie's pull request 3650", kAie2pOpen, 32, 1.8e9, &ArrayClock::bfp16, 24.0},
};

TEST(ClockConstants, NoTypeIsFasterThanPublished) {
  for (const Published& published : kPublished) {
    const MacRate& rate = published.clock.*published.rate;
    const double tera =
        2 * rate.peak * rate.efficiency * published.n_cores * published.hertz * 1e-12;
    EXPECT_LE(tera, published.tera_per_second * 1.005) << published.what;
    EXPECT_GE(tera, published.tera_per_second * 0.98) << published.what;
  }
}

constexpr const ArrayClock* kClocks[] = {&kAie2Published, &kAie2Open, &kAie2pPublished,
                                         &kAie2pOpen};

TEST(ClockConstants, WiderOperandsAreNotFaster) {
  for (const ArrayClock* clock : kClocks) {
    const auto of = [](const MacRate& rate) { return rate.peak * rate.efficiency; };
    EXPECT_GE(of(clock->int8), of(clock->int16x8));
    EXPECT_GE(of(clock->int16x8), of(clock->int16));
    EXPECT_GE(of(clock->bfp16), of(clock->bf16_by_bfp16));
    EXPECT_GE(of(clock->bf16_by_bfp16), of(clock->bf16));
    EXPECT_GE(of(clock->bf16), of(clock->f32));
  }
}

TEST(ClockConstants, OpenKernelsAreNotFasterThanTheBest) {
  for (const Generation generation : {Generation::Aie2, Generation::Aie2p}) {
    const ArrayClock& open = clock_of(generation, Basis::OpenKernels);
    const ArrayClock& best = clock_of(generation, Basis::BestPublished);
    EXPECT_EQ(open.hertz, best.hertz);
    EXPECT_LE(open.host_bytes_per_second, best.host_bytes_per_second);
    EXPECT_GE(open.vector_op_cycles, best.vector_op_cycles);
    for (const auto rate :
         {&ArrayClock::int8, &ArrayClock::int16x8, &ArrayClock::int16, &ArrayClock::bf16,
          &ArrayClock::bf16_by_bfp16, &ArrayClock::bfp16, &ArrayClock::f32}) {
      EXPECT_LE((open.*rate).efficiency, (best.*rate).efficiency);
      EXPECT_EQ((open.*rate).peak, (best.*rate).peak);
    }
  }
}

}  // namespace
}  // namespace npuwhisper::npu
