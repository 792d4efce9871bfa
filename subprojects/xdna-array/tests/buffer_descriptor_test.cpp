// SPDX-License-Identifier: LGPL-2.1-or-later
#include "array/buffer_descriptor.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace npuwhisper::npu {
namespace {

const ArrayModel& array() {
  return **find_array("npu2");
}

/// One field of a descriptor: how to get and set it, and its smallest and largest values.
struct Case {
  std::string name;
  std::function<std::int64_t(const BufferDescriptor&)> get;
  std::function<void(BufferDescriptor&, std::int64_t)> set;
  std::int64_t least, most;
};

template <typename T>
Case field(std::string name, T BufferDescriptor::*member, std::int64_t least, std::int64_t most) {
  return {std::move(name),
          [member](const BufferDescriptor& d) { return static_cast<std::int64_t>(d.*member); },
          [member](BufferDescriptor& d, std::int64_t v) { d.*member = static_cast<T>(v); }, least,
          most};
}

Case dim_field(std::string name, std::size_t i, std::uint32_t DescriptorDim::*member,
               std::int64_t least, std::int64_t most) {
  return {std::move(name),
          [=](const BufferDescriptor& d) { return std::int64_t{d.dims[i].*member}; },
          [=](BufferDescriptor& d, std::int64_t v) {
            d.dims[i].*member = static_cast<std::uint32_t>(v);
          },
          least, most};
}

std::vector<Case> cases(TileKind kind) {
  using D = BufferDescriptor;
  std::vector<Case> c;
  const TileLimits& limits = array().limits(kind);
  for (std::size_t i = 0; i < static_cast<std::size_t>(limits.n_dims); ++i) {
    const std::string of = " of dimension " + std::to_string(i);
    c.push_back(dim_field("step" + of, i, &DescriptorDim::step, 1, limits.max_step));
    if (i + 1 < static_cast<std::size_t>(limits.n_dims)) {
      c.push_back(dim_field("wrap" + of, i, &DescriptorDim::wrap, 0, limits.max_wrap));
    }
  }
  c.push_back(field("iteration wrap", &D::iteration_wrap, 1, 64));
  c.push_back(field("iteration step", &D::iteration_step, 1, limits.max_step));
  c.push_back(field("current iteration", &D::iteration_current, 0, 63));
  c.push_back(field("next descriptor", &D::next, 0, limits.n_descriptors - 1));
  c.push_back(field("acquire value", &D::acquire_value, -64, 63));
  c.push_back(field("release value", &D::release_value, -64, 63));
  c.push_back(field("packet id", &D::packet_id, 0, 31));
  c.push_back(field("packet type", &D::packet_type, 0, 7));
  const std::int64_t max_lock = kind == TileKind::Mem ? 255 : 15;
  c.push_back(field("acquire lock", &D::acquire_lock, 0, max_lock));
  c.push_back(field("release lock", &D::release_lock, 0, max_lock));
  switch (kind) {
    case TileKind::Shim:
      c.push_back(field("address", &D::address, 0, (std::int64_t{1} << 48) - 4));
      break;
    case TileKind::Mem:
      c.push_back(field("address", &D::address, 0, ((1 << 19) - 1) * 4));
      c.push_back(field("length", &D::length, 0, (1 << 17) - 1));
      for (std::size_t i = 0; i < 3; ++i) {
        const std::string of = " dimension " + std::to_string(i);
        const std::int64_t most = 63 >> i;
        c.push_back(dim_field("zeros before" + of, i, &DescriptorDim::zeros_before, 0, most));
        c.push_back(dim_field("zeros after" + of, i, &DescriptorDim::zeros_after, 0, most));
      }
      break;
    case TileKind::Core:
      c.push_back(field("address", &D::address, 0, ((1 << 14) - 1) * 4));
      c.push_back(field("length", &D::length, 0, (1 << 14) - 1));
      break;
  }
  return c;
}

std::span<const std::uint32_t> words_of(const std::array<std::uint32_t, 8>& words, TileKind kind) {
  return std::span(words).first(static_cast<std::size_t>(descriptor_words(kind)));
}

class Descriptor : public testing::TestWithParam<TileKind> {};

TEST_P(Descriptor, EveryFieldRoundTripsAtItsLimits) {
  for (const Case& c : cases(GetParam())) {
    for (const std::int64_t value : {c.least, c.most}) {
      BufferDescriptor d;
      c.set(d, value);
      const auto words = pack(d, GetParam(), array());
      ASSERT_TRUE(words) << words.error().message;
      const auto back = unpack(words_of(*words, GetParam()), GetParam(), array());
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_EQ(c.get(*back), value) << c.name;
      // No other field may change. All other fields keep their defaults.
      for (const Case& other : cases(GetParam())) {
        if (other.name != c.name) {
          EXPECT_EQ(other.get(*back), other.get(d)) << c.name << " moves " << other.name;
        }
      }
    }
  }
}

TEST_P(Descriptor, BeyondItsLimitAFieldIsRefusedByName) {
  for (const Case& c : cases(GetParam())) {
    std::vector<std::int64_t> values{c.name == "address" ? c.most + 4 : c.most + 1};
    if (c.least != 0) values.push_back(c.least - 1);
    for (const std::int64_t value : values) {
      BufferDescriptor d;
      c.set(d, value);
      const auto words = pack(d, GetParam(), array());
      ASSERT_FALSE(words) << c.name << " " << value;
      EXPECT_EQ(words.error().code, ErrorCode::InvalidArgument);
      const std::string& message = words.error().message;
      EXPECT_NE(message.find(c.name), std::string::npos) << message;
      EXPECT_NE(message.find(std::to_string(value)), std::string::npos) << message;
      EXPECT_NE(message.find(std::to_string(c.most)), std::string::npos) << message;
    }
  }
}

TEST_P(Descriptor, FlagsRoundTrip) {
  for (bool BufferDescriptor::*flag :
       {&BufferDescriptor::valid, &BufferDescriptor::use_next, &BufferDescriptor::acquire_enable,
        &BufferDescriptor::packet, &BufferDescriptor::suppress_tlast}) {
    BufferDescriptor d;
    d.*flag = true;
    const auto words = pack(d, GetParam(), array());
    ASSERT_TRUE(words);
    const auto back = unpack(words_of(*words, GetParam()), GetParam(), array());
    ASSERT_TRUE(back);
    EXPECT_TRUE((*back).*flag);
    EXPECT_EQ(
        back->valid + back->use_next + back->acquire_enable + back->packet + back->suppress_tlast,
        1);
  }
}

TEST_P(Descriptor, RefusesAFieldThatTheTileLacks) {
  BufferDescriptor wrap;  // The outermost dimension has no wrap: the length ends it.
  wrap.dims[static_cast<std::size_t>(array().limits(GetParam()).n_dims) - 1].wrap = 2;
  EXPECT_FALSE(pack(wrap, GetParam(), array()));
  BufferDescriptor odd;
  odd.address = 2;
  EXPECT_FALSE(pack(odd, GetParam(), array()));
  if (GetParam() != TileKind::Mem) {
    BufferDescriptor zeros;
    zeros.dims[0].zeros_before = 1;
    EXPECT_FALSE(pack(zeros, GetParam(), array()));
    BufferDescriptor fourth;
    fourth.dims[3].step = 2;
    EXPECT_FALSE(pack(fourth, GetParam(), array()));
  }
  if (GetParam() != TileKind::Shim) {
    BufferDescriptor burst;
    burst.burst_bytes = 64;
    EXPECT_FALSE(pack(burst, GetParam(), array()));
  }
}

TEST_P(Descriptor, UnpackRefusesAWrongNumberOfWords) {
  const std::vector<std::uint32_t> words(7);
  const auto d = unpack(words, GetParam(), array());
  ASSERT_FALSE(d);
  EXPECT_NE(d.error().message.find("7 words"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(AllTiles, Descriptor,
                         testing::Values(TileKind::Shim, TileKind::Mem, TileKind::Core),
                         [](const auto& tile) {
                           return tile.param == TileKind::Shim  ? "Shim"
                                  : tile.param == TileKind::Mem ? "Mem"
                                                                : "Core";
                         });

// mlir-aie's own tests contain a block write of a memory tile's descriptor. This test packs the
// same descriptor and expects the words of that block write. mlir-aie's test gives the steps and
// the iteration wrap minus one.
TEST(KnownDescriptor, MemoryTileWords) {
  BufferDescriptor d;
  d.valid = true;
  d.length = 1;
  d.address = 2 * 4;
  d.dims[0] = {.wrap = 6, .step = 6};
  d.dims[1] = {.wrap = 8, .step = 8};
  d.dims[2] = {.wrap = 0, .step = 10};
  d.iteration_current = 11;
  d.iteration_step = 13;
  d.iteration_wrap = 14;
  d.use_next = true;
  d.next = 5;
  d.acquire_enable = true;
  d.acquire_lock = 1;
  d.acquire_value = 2;
  d.release_lock = 3;
  d.release_value = 4;
  const auto words = pack(d, TileKind::Mem, array());
  ASSERT_TRUE(words);
  const std::array<std::uint32_t, 8> expected{0x00000001, 0x00580002, 0x000C0005, 0x00100007,
                                              0x00000009, 0x00000000, 0x059A000C, 0x84038201};
  EXPECT_EQ(*words, expected);
}

// The expected words are encoded by hand from AM025. The transfer has 3 groups of 16 rows of 64
// words. Rows are 256 words apart, and groups are 65536 words apart. Five iterations are 2^20 words
// apart. The descriptor is valid, names descriptor 9 as its successor, acquires lock 5 with a value
// of at least 1, and adds 1 to lock 6 at the end.
TEST(KnownDescriptor, ShimWords) {
  BufferDescriptor d;
  d.valid = true;
  d.address = 0x1234'5678'9abcULL;
  d.length = 3072;
  d.dims[0] = {.wrap = 64, .step = 1};
  d.dims[1] = {.wrap = 16, .step = 256};
  d.dims[2] = {.wrap = 0, .step = 65536};
  d.iteration_wrap = 5;
  d.iteration_step = 1 << 20;
  d.use_next = true;
  d.next = 9;
  d.acquire_enable = true;
  d.acquire_lock = 5;
  d.acquire_value = -1;
  d.release_lock = 6;
  d.release_value = 1;
  d.packet = true;
  d.packet_id = 3;
  d.packet_type = 1;
  const auto words = pack(d, TileKind::Shim, array());
  ASSERT_TRUE(words);
  const std::array<std::uint32_t, 8> expected{
      3072,
      0x56789abc,
      1U << 30 | 3U << 19 | 1U << 16 | 0x1234,
      64U << 20,
      3U << 30 | 16U << 20 | 255,  // The default burst of AIE2P is 512 bytes.
      2U << 24 | 65535,
      4U << 20 | 0xfffff,
      9U << 27 | 1U << 26 | 1U << 25 | 1U << 18 | 6U << 13 | 1U << 12 | 0x7fU << 5 | 5};
  EXPECT_EQ(*words, expected);
}

TEST(KnownDescriptor, CoreWords) {
  BufferDescriptor d;
  d.valid = true;
  d.address = 0x2000;
  d.length = 2048;
  d.dims[0] = {.wrap = 4, .step = 1};
  d.dims[1] = {.wrap = 255, .step = 8192};
  d.dims[2] = {.wrap = 0, .step = 2};
  d.use_next = true;
  d.next = 1;
  d.acquire_enable = true;
  d.acquire_lock = 0;
  d.acquire_value = -1;
  d.release_lock = 1;
  d.release_value = 1;
  const auto words = pack(d, TileKind::Core, array());
  ASSERT_TRUE(words);
  const std::array<std::uint32_t, 8> expected{
      0x800U << 14 | 2048,
      0,
      8191U << 13,
      255U << 21 | 4U << 13 | 1,
      0,
      1U << 27 | 1U << 26 | 1U << 25 | 1U << 18 | 1U << 13 | 1U << 12 | 0x7fU << 5,
      0,
      0};
  EXPECT_EQ(*words, expected);
}

TEST(Burst, IsTheLongestByDefaultAndKnowsTheGeneration) {
  const ArrayModel& npu1 = **find_array("npu1");
  const auto npu1_default = pack({}, TileKind::Shim, npu1);
  ASSERT_TRUE(npu1_default);
  EXPECT_EQ((*npu1_default)[4] >> 30, 2U);
  BufferDescriptor d;
  d.burst_bytes = 512;
  EXPECT_FALSE(pack(d, TileKind::Shim, npu1));
  EXPECT_TRUE(pack(d, TileKind::Shim, array()));
  d.burst_bytes = 96;
  EXPECT_FALSE(pack(d, TileKind::Shim, array()));
  // A descriptor packed for npu2 cannot be unpacked for npu1.
  const auto words = pack({}, TileKind::Shim, array());
  EXPECT_FALSE(unpack(*words, TileKind::Shim, npu1));
}

TEST(NotModelled, IsRefusedByName) {
  struct {
    TileKind kind;
    std::size_t word;
    std::uint32_t bits;
    const char* name;
  } const refused[] = {
      {TileKind::Shim, 2, 1U << 24, "out-of-order"}, {TileKind::Shim, 3, 1U << 30, "secure"},
      {TileKind::Mem, 0, 1U << 17, "out-of-order"},  {TileKind::Mem, 4, 1U << 31, "compression"},
      {TileKind::Core, 1, 1U << 24, "out-of-order"}, {TileKind::Core, 1, 1U << 31, "compression"}};
  for (const auto& r : refused) {
    std::array<std::uint32_t, 8> words{};
    words[r.word] = r.bits;
    const auto d = unpack(words_of(words, r.kind), r.kind, array());
    ASSERT_FALSE(d);
    EXPECT_EQ(d.error().code, ErrorCode::Unsupported);
    EXPECT_NE(d.error().message.find(r.name), std::string::npos) << d.error().message;
  }
}

TEST(Task, GoesAroundAndKnowsItsLimits) {
  const auto word =
      pack_task({.first = 47, .repeat = 255, .issue_token = true}, TileKind::Mem, array());
  ASSERT_TRUE(word);
  EXPECT_EQ(*word, 0x80ff002fU);
  const Task task = unpack_task(*word, TileKind::Mem);
  EXPECT_EQ(task.first, 47);
  EXPECT_EQ(task.repeat, 255);
  EXPECT_TRUE(task.issue_token);
  EXPECT_FALSE(pack_task({.first = 48}, TileKind::Mem, array()));
  EXPECT_FALSE(pack_task({.first = 16}, TileKind::Shim, array()));
  EXPECT_FALSE(pack_task({.first = -1}, TileKind::Shim, array()));
  EXPECT_FALSE(pack_task({.first = 0, .repeat = 256}, TileKind::Shim, array()));
}

TEST(Registers, AreThoseOfTheReference) {
  EXPECT_EQ(descriptor_register(TileKind::Shim, 15), 0x1d1e0U);
  EXPECT_EQ(descriptor_register(TileKind::Core, 1), 0x1d020U);
  EXPECT_EQ(descriptor_register(TileKind::Mem, 6), 0xa00c0U);
  EXPECT_EQ(queue_register(TileKind::Shim, false, 1), 0x1d20cU);
  EXPECT_EQ(queue_register(TileKind::Shim, true, 0), 0x1d214U);
  EXPECT_EQ(queue_register(TileKind::Core, false, 0), 0x1de04U);
  EXPECT_EQ(queue_register(TileKind::Core, true, 1), 0x1de1cU);
  EXPECT_EQ(queue_register(TileKind::Mem, false, 5), 0xa062cU);
  EXPECT_EQ(queue_register(TileKind::Mem, true, 5), 0xa065cU);
  EXPECT_EQ(channel_control_register(TileKind::Mem, true, 0), 0xa0630U);
  EXPECT_EQ(channel_control_register(TileKind::Shim, true, 1), 0x1d218U);
  EXPECT_EQ(lock_register(TileKind::Core, 15), 0x1f0f0U);
  EXPECT_EQ(lock_register(TileKind::Mem, 1), 0xc0010U);
  EXPECT_EQ(lock_register(TileKind::Shim, 0), 0x14000U);
  EXPECT_EQ(tile_address({3, 1}, descriptor_register(TileKind::Mem, 6)), 0x061a00c0U);
}

}  // namespace
}  // namespace npuwhisper::npu
