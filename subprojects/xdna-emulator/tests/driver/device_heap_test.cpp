// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/device_heap.h"

#include <gtest/gtest.h>

#include <vector>

namespace npuwhisper::emu {
namespace {

constexpr std::uint64_t kUnit = DeviceHeap::kAlignment;

TEST(DeviceHeap, BuffersAreAligned) {
  DeviceHeap heap(DeviceHeap::kUnit);
  EXPECT_EQ(heap.allocate(1), 0u);
  EXPECT_EQ(heap.allocate(kUnit + 1), kUnit);
  EXPECT_EQ(heap.allocate(1), 3 * kUnit);
  EXPECT_EQ(heap.used(), kUnit + 3);
}

TEST(DeviceHeap, IsFullWhenNoGapFits) {
  DeviceHeap heap(4 * kUnit);
  std::vector<std::uint64_t> offsets;
  for (int i = 0; i < 4; ++i) offsets.push_back(heap.allocate(kUnit).value());
  EXPECT_FALSE(heap.allocate(1));
  heap.release(offsets[0], kUnit);
  heap.release(offsets[2], kUnit);
  // Two units are free, but they are not adjacent.
  EXPECT_FALSE(heap.allocate(2 * kUnit));
  heap.release(offsets[1], kUnit);
  EXPECT_EQ(heap.allocate(3 * kUnit), 0u);
}

TEST(DeviceHeap, TakesTheSmallestGap) {
  DeviceHeap heap(8 * kUnit);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(heap.allocate(kUnit));
  heap.release(0, kUnit);
  heap.release(kUnit, kUnit);
  heap.release(4 * kUnit, kUnit);
  EXPECT_EQ(heap.allocate(kUnit), 4 * kUnit);
}

TEST(DeviceHeap, RefusesNothingAndTooMuch) {
  DeviceHeap heap(kUnit);
  EXPECT_FALSE(heap.allocate(0));
  EXPECT_FALSE(heap.allocate(kUnit + 1));
  EXPECT_FALSE(heap.allocate(~std::uint64_t{0}));
}

}  // namespace
}  // namespace npuwhisper::emu
