// SPDX-License-Identifier: LGPL-2.1-or-later
// Each case runs in its own child process, because the limit of the ISA takes effect only once per
// process.
#include "simd/isa.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include <hwy/targets.h>

#include "simd/int8_kernels.h"
#include "simd/onednn.h"

namespace npuwhisper::cpu {
namespace {

constexpr int kRefused = 3;
constexpr int kTooHigh = 4;

/// Selects an ISA with NPUWHISPER_MAX_ISA=`limit` and exits. The status is kRefused if select_isa()
/// fails. It is 0 if the ISA and Highway's targets obey `most` and a second select_isa() returns
/// the same ISA. Otherwise, the status is kTooHigh.
[[noreturn]] void select_under(const char* limit, Isa most) {
  setenv("NPUWHISPER_MAX_ISA", limit, 1);
  const auto isa = select_isa();
  if (!isa) {
    std::fprintf(stderr, "%s: %s\n", std::string(to_string(isa.error().code)).c_str(),
                 isa.error().message.c_str());
    _exit(kRefused);
  }
  std::fprintf(stderr, "selected %s, %s\n", std::string(to_string(*isa)).c_str(),
               onednn::describe().c_str());
  const Int8Isa most_int8 = most <= Isa::Avx2       ? Int8Isa::Avx2
                            : most == Isa::Avx2Vnni ? Int8Isa::AvxVnni
                                                    : Int8Isa::Avx512Vnni;
  const bool own_kernels_obey =
      best_int8_isa() <= most_int8 &&
      (most >= Isa::Avx512 || (hwy::SupportedTargets() & (HWY_AVX2 - 1)) == 0);
  const auto again = select_isa();
  _exit(*isa <= most && own_kernels_obey && again && *again == *isa ? 0 : kTooHigh);
}

class IsaLimit : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(IsaLimit, UnknownNamesAreRefused) {
  for (const char* name : {"sse9", "AVX2", "avx2 ", "baseline", "512"}) {
    EXPECT_EXIT(select_under(name, Isa::Amx), testing::ExitedWithCode(kRefused),
                "InvalidArgument.*NPUWHISPER_MAX_ISA.*found '.*', wanted avx2")
        << name;
  }
}

TEST_F(IsaLimit, LimitsOurKernelsAndOneDnn) {
  EXPECT_EXIT(select_under("avx2", Isa::Avx2), testing::ExitedWithCode(0),
              "selected (baseline|avx2),.* (sse41|avx2)\n");
  EXPECT_EXIT(select_under("avx2_vnni", Isa::Avx2Vnni), testing::ExitedWithCode(0),
              "selected (baseline|avx2|avx2_vnni), oneDNN .* (sse41|avx2|avx2_vnni)");
  EXPECT_EXIT(select_under("avx512", Isa::Avx512), testing::ExitedWithCode(0), "selected");
  EXPECT_EXIT(select_under("avx512_bf16", Isa::Avx512Bf16), testing::ExitedWithCode(0), "selected");
  EXPECT_EXIT(select_under("amx", Isa::Amx), testing::ExitedWithCode(0), "selected");
}

TEST_F(IsaLimit, NoLimitIsTheBest) {
  EXPECT_EXIT(select_under("", Isa::Amx), testing::ExitedWithCode(0), "selected");
}

TEST(Isa, HasNames) {
  EXPECT_EQ(to_string(Isa::Baseline), "baseline");
  EXPECT_EQ(to_string(Isa::Avx512Bf16), "avx512_bf16");
  EXPECT_LT(Isa::Avx2, Isa::Avx2Vnni);
  EXPECT_LT(Isa::Avx2Vnni, Isa::Avx512);
}

}  // namespace
}  // namespace npuwhisper::cpu
