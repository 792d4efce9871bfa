// SPDX-License-Identifier: LGPL-2.1-or-later
#include "trap_support.h"

namespace {

class MemoryTest : public AieTest {
 protected:
  MemoryTest() {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory_);
    npuwhisper_core_state.memory = {begin, begin + sizeof memory_};
    npuwhisper_core_state.check_access = [](void*, const void*, std::size_t bytes, bool is_write) {
      throw std::runtime_error((is_write ? "write of " : "read of ") + std::to_string(bytes));
    };
    for (int i = 0; i < 256; ++i) memory_[i] = static_cast<int16>(i);
  }

  alignas(64) int16 memory_[256];
};

TEST_F(MemoryTest, AlignmentOfTheGeneration) {
  constexpr unsigned kWide = __AIE_ARCH__ == 20 ? 32 : 64;
  static_assert(aie::vector_ldst_align_v<int16, 32> == kWide);
  static_assert(aie::vector_ldst_align_v<int16, 16> == 32);
  static_assert(aie::vector_ldst_align_v<int16, 8> == 16);
  for (int offset = 0; offset < 64; ++offset) {
    const bool aligned = offset * 2 % static_cast<int>(kWide) == 0;
    const std::string message = trap_of([&] { (void)aie::load_v<32>(memory_ + offset); });
    ASSERT_EQ(message.empty(), aligned) << offset << message;
    ASSERT_EQ(trap_of([&] { (void)aie::load_v<8>(memory_ + offset); }).empty(), offset % 8 == 0);
    ASSERT_EQ(trap_of([&] { aie::store_v(memory_ + offset, aie::zeros<int16, 16>()); }).empty(),
              offset % 16 == 0);
    ASSERT_EQ(trap_of([&] { (void)aie::load_unaligned_v<32>(memory_ + offset); }), "");
    ASSERT_EQ(trap_of([&] { (void)aie::load_unaligned_v<32>(memory_ + offset, 4); }).empty(),
              offset % 4 == 0);
  }
  EXPECT_NE(trap_of([&] { (void)aie::load_v<32>(memory_ + 8); }).find("load of 64 bytes"),
            std::string::npos);
}

TEST_F(MemoryTest, LoadsAndStoresEveryWidth) {
  const auto v = aie::load_v<32>(memory_ + 64);
  for (unsigned i = 0; i < 32; ++i) ASSERT_EQ(v.get(i), static_cast<int16>(64 + i));
  const auto odd = aie::load_unaligned_v<8>(memory_ + 3);
  for (unsigned i = 0; i < 8; ++i) ASSERT_EQ(odd.get(i), static_cast<int16>(3 + i));
  aie::store_v(memory_ + 128, v);
  aie::store_unaligned_v(memory_ + 193, odd);
  for (int i = 0; i < 32; ++i) ASSERT_EQ(memory_[128 + i], 64 + i);
  for (int i = 0; i < 8; ++i) ASSERT_EQ(memory_[193 + i], 3 + i);
  ASSERT_EQ(memory_[192], 192);
  ASSERT_EQ(memory_[201], 201);
}

TEST_F(MemoryTest, ForeignMemoryIsChecked) {
  alignas(64) static int16 own[32] = {};
  auto* elsewhere = new (std::align_val_t{64}) int16[64]();
  EXPECT_EQ(trap_of([&] { (void)aie::load_v<32>(own); }), "") << "the object's own variables";
  EXPECT_EQ(trap_of([&] { (void)aie::load_v<32>(elsewhere); }), "read of 64");
  EXPECT_EQ(trap_of([&] { aie::store_v(elsewhere, aie::zeros<int16, 16>()); }), "write of 32");
  const auto begin = reinterpret_cast<std::uintptr_t>(elsewhere);
  npuwhisper_core_state.neighbour = {begin, begin + 64};
  EXPECT_EQ(trap_of([&] { (void)aie::load_v<32>(elsewhere); }), "");
  EXPECT_EQ(trap_of([&] { (void)aie::load_unaligned_v<32>(elsewhere + 1); }), "read of 64");
  EXPECT_EQ(trap_of([&] { (void)aie::load_v<32>(memory_ + 256 - 32); }), "");
  EXPECT_NE(trap_of([&] { (void)aie::load_unaligned_v<32>(memory_ + 256 - 31); }), "");
  ::operator delete[](elsewhere, std::align_val_t{64});
}

TEST_F(MemoryTest, IteratorsLoadAndStore) {
  auto in = aie::cbegin_vector<16>(memory_);
  auto out = aie::begin_restrict_vector<16>(memory_ + 128);
  for (int i = 0; i < 4; ++i) {
    aie::vector<int16, 16> v = *in++;
    *out++ = aie::add(v, int16{1000});
  }
  for (int i = 0; i < 64; ++i) ASSERT_EQ(memory_[128 + i], 1000 + i);
  auto circle = aie::cbegin_vector_circular<16, 32>(memory_);
  circle += 3;
  const aie::vector<int16, 16> v = *circle;
  EXPECT_EQ(v.get(0), 16);
  const aie::vector<int16, 16> later = in[-1];
  EXPECT_EQ(later.get(0), 48);
}

TEST_F(MemoryTest, CountsInLoadWidths) {
  (void)aie::load_v<32>(memory_);
  aie::store_v(memory_, aie::zeros<int16, 32>());
  EXPECT_EQ(npuwhisper_core_state.loads, __AIE_ARCH__ == 20 ? 2U : 1U);
  EXPECT_EQ(npuwhisper_core_state.stores, __AIE_ARCH__ == 20 ? 2U : 1U);
}

}  // namespace
