// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/address_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <vector>

namespace npuwhisper::emu {
namespace {

npu::BufferDescriptor shaped(std::uint32_t length, std::initializer_list<npu::DescriptorDim> dims) {
  npu::BufferDescriptor descriptor;
  descriptor.length = length;
  std::copy(dims.begin(), dims.end(), descriptor.dims.begin());
  return descriptor;
}

/// Returns the offset of each word, or -1 for padding. Computes each offset from the definition of
/// a descriptor's dimensions.
std::vector<std::int64_t> offsets_of(const npu::BufferDescriptor& d) {
  std::vector<std::int64_t> offsets;
  std::array<std::int64_t, 4> index{};
  for (std::uint32_t n = 0; n < d.length; ++n) {
    std::int64_t offset = 0;
    bool inside = true;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::int64_t position = index[i] - d.dims[i].zeros_before;
      inside = inside && position >= 0 && (d.dims[i].wrap == 0 || position < d.dims[i].wrap);
      offset += position * d.dims[i].step;
    }
    offsets.push_back(inside ? offset : -1);
    for (std::size_t i = 0; i < 4; ++i) {
      const std::int64_t whole = d.dims[i].wrap + d.dims[i].zeros_before + d.dims[i].zeros_after;
      if (++index[i] < whole || d.dims[i].wrap == 0) break;
      index[i] = 0;
    }
  }
  return offsets;
}

std::vector<std::uint32_t> gather(AddressWalk walk, const std::vector<std::uint32_t>& memory,
                                  std::size_t chunk) {
  std::vector<std::uint32_t> out;
  while (walk.remaining() > 0) {
    std::vector<std::uint32_t> words(std::min(chunk, walk.remaining()));
    walk.gather(reinterpret_cast<const std::byte*>(memory.data()), 0xdead, words);
    out.insert(out.end(), words.begin(), words.end());
  }
  return out;
}

std::vector<std::uint32_t> counted(std::size_t n) {
  std::vector<std::uint32_t> words(n);
  std::iota(words.begin(), words.end(), 0U);
  return words;
}

TEST(AddressWalk, GoesStraightWithoutDimensions) {
  const auto memory = counted(100);
  EXPECT_EQ(gather(AddressWalk(shaped(100, {})), memory, 7), memory);
  EXPECT_EQ(AddressWalk(shaped(100, {})).extent(), 100U);
}

TEST(AddressWalk, Transposes) {
  // Walks 3 rows of 4 words column by column.
  const AddressWalk walk(shaped(12, {{3, 4}, {0, 1}}));
  const std::vector<std::uint32_t> expected{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};
  EXPECT_EQ(gather(walk, counted(12), 5), expected);
  EXPECT_EQ(walk.extent(), 12U);
}

TEST(AddressWalk, CutsATileIntoBlocks) {
  // Walks 8 rows of 16 words in blocks of 4 rows by 2 words. Successive blocks advance along the
  // row.
  const auto descriptor = shaped(128, {{2, 1}, {4, 16}, {8, 2}, {0, 64}});
  const auto words = gather(AddressWalk(descriptor), counted(128), 128);
  const std::vector<std::uint32_t> first{0, 1, 16, 17, 32, 33, 48, 49, 2, 3};
  EXPECT_EQ(std::vector(words.begin(), words.begin() + 10), first);
  std::vector<bool> seen(128);
  for (const std::uint32_t word : words) seen[word] = true;
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 128);
}

TEST(AddressWalk, PadsEachDimension) {
  // Walks two rows of three words. Each row has one word of padding before it and two after it. One
  // row of padding follows the two rows.
  npu::BufferDescriptor descriptor = shaped(18, {{3, 1, 1, 2}, {2, 3, 0, 1}});
  const std::uint32_t p = 0xdead;
  const std::vector<std::uint32_t> expected{p, 0, 1, 2, p, p, p, 3, 4, 5, p, p, p, p, p, p, p, p};
  EXPECT_EQ(gather(AddressWalk(descriptor), counted(6), 18), expected);
  EXPECT_EQ(AddressWalk(descriptor).extent(), 6U);
}

TEST(AddressWalk, ScattersWhereItGathers) {
  const auto descriptor = shaped(64, {{4, 1}, {4, 16}, {0, 4}});
  const auto memory = counted(64);
  const auto words = gather(AddressWalk(descriptor), memory, 64);
  std::vector<std::uint32_t> back(64);
  AddressWalk walk(descriptor);
  for (std::size_t at = 0; at < 64; at += 13) {
    walk.scatter(reinterpret_cast<std::byte*>(back.data()),
                 std::span(words).subspan(at, std::min<std::size_t>(13, 64 - at)));
  }
  EXPECT_EQ(back, memory);
}

TEST(AddressWalk, AgreesWithTheDefinition) {
  std::mt19937 random(1);
  const auto up_to = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  for (int i = 0; i < 500; ++i) {
    npu::BufferDescriptor descriptor;
    const std::uint32_t n_dims = 1 + up_to(4);
    std::uint32_t whole = 1;
    for (std::size_t d = 0; d < n_dims; ++d) {
      npu::DescriptorDim& dim = descriptor.dims[d];
      dim.step = 1 + up_to(9);
      const bool is_last = d + 1 == n_dims;
      dim.wrap = is_last ? 0 : 1 + up_to(5);
      if (!is_last && up_to(3) == 0) {
        dim.zeros_before = up_to(3);
        dim.zeros_after = up_to(3);
      }
      if (!is_last) whole *= dim.wrap + dim.zeros_before + dim.zeros_after;
    }
    descriptor.length = whole * (1 + up_to(6));
    const auto offsets = offsets_of(descriptor);
    const std::int64_t furthest = *std::max_element(offsets.begin(), offsets.end());
    AddressWalk walk(descriptor);
    ASSERT_EQ(walk.extent(), static_cast<std::uint64_t>(std::max<std::int64_t>(furthest, 0)) + 1);
    const auto memory = counted(walk.extent());
    const auto words = gather(walk, memory, 1 + up_to(20));
    for (std::size_t n = 0; n < offsets.size(); ++n) {
      ASSERT_EQ(words[n], offsets[n] < 0 ? 0xdead : static_cast<std::uint32_t>(offsets[n]))
          << "descriptor " << i << ", word " << n;
    }
  }
}

}  // namespace
}  // namespace npuwhisper::emu
