// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/cpu_count.h"

#include <gtest/gtest.h>

#include <sched.h>

#include <thread>

namespace npuwhisper::cpu {
namespace {

unsigned processors_in_affinity() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  EXPECT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
  return static_cast<unsigned>(CPU_COUNT(&mask));
}

TEST(CpuCount, IsAtLeastOneAndAtMostTheAffinity) {
  EXPECT_GE(count_usable_cores(), 1U);
  EXPECT_LE(count_usable_cores(), processors_in_affinity());
}

TEST(CpuCount, OneProcessorIsOneCore) {
  // Runs in its own thread, because each thread has its own CPU mask.
  std::thread([] {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    ASSERT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
    int first = 0;
    while (!CPU_ISSET(first, &mask)) ++first;
    CPU_ZERO(&mask);
    CPU_SET(first, &mask);
    ASSERT_EQ(sched_setaffinity(0, sizeof mask, &mask), 0);
    EXPECT_EQ(count_usable_cores(), 1U);
  }).join();
}

}  // namespace
}  // namespace npuwhisper::cpu
