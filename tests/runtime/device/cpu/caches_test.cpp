// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/caches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "simd/int8_kernels.h"

namespace npuwhisper::cpu {
namespace {

TEST(SelfCacheLayout, RowsShareNothingAndFillTheCache) {
  for (const DataType type : {DataType::F16, DataType::F32}) {
    constexpr int kLayers = 3, kState = 128, kCells = 7;
    const SelfCacheLayout layout(kLayers, kState, type);
    std::vector<std::byte> cache(layout.bytes(kCells));
    const std::size_t row_bytes = kState * size_of(type);
    std::set<std::ptrdiff_t> offsets;
    for (int layer = 0; layer < kLayers; ++layer) {
      for (int cell = 0; cell < kCells; ++cell) {
        offsets.insert(layout.key(cache, layer, cell) - cache.data());
        offsets.insert(layout.value(cache, layer, cell) - cache.data());
      }
    }
    // The offsets are distinct and one row apart from each other, so the rows cover the cache.
    ASSERT_EQ(offsets.size(), 2U * kLayers * kCells);
    std::ptrdiff_t next = 0;
    for (const std::ptrdiff_t offset : offsets) {
      EXPECT_EQ(offset, next);
      next += static_cast<std::ptrdiff_t>(row_bytes);
    }
    EXPECT_EQ(static_cast<std::size_t>(next), cache.size());
  }
}

class CrossCache : public testing::TestWithParam<DataType> {
 protected:
  static constexpr CacheShape kShape{.n_layers = 2, .n_state = 128, .n_heads = 2, .n_keys = 100};
  static constexpr std::size_t kStride = 4 * kHeadColumns;

  std::vector<float> random_rows(unsigned seed) const {
    std::mt19937 generator(seed);
    std::normal_distribution<float> distribution;
    std::vector<float> rows(static_cast<std::size_t>(kShape.n_keys) * kStride);
    for (float& x : rows) x = distribution(generator);
    return rows;
  }

  /// Returns column `c` of key or value `i`, read at the address that the layout defines.
  float at(const CrossCacheLayout& layout, const CrossCacheLayout::Head& head, bool key,
           std::size_t i, std::size_t c) const {
    const std::size_t panel = key ? i / kPanelColumns * kPanelColumns * kHeadColumns : 0;
    const std::size_t row = key ? c : i;
    const std::size_t column = key ? i % kPanelColumns : c;
    const std::byte* data = key ? head.keys : head.values;
    if (layout.type() == DataType::F32) {
      return reinterpret_cast<const float*>(data)[panel + row * kPanelColumns + column];
    }
    const float* scales = key ? head.key_scales : head.value_scales;
    const auto byte = std::to_integer<int>(data[panel + int8_index(row, column)]);
    return static_cast<float>(byte - kInt8Offset) * scales[i];
  }
};

TEST_P(CrossCache, HoldsWhatIsStored) {
  const CrossCacheLayout layout(kShape, GetParam());
  AlignedBytes cache(layout.bytes());
  EXPECT_EQ(layout.padded_keys(), 128U);
  for (int layer = 0; layer < kShape.n_layers; ++layer) {
    for (int head = 0; head < kShape.n_heads; ++head) {
      const auto rows = random_rows(static_cast<unsigned>(layer * 10 + head));
      layout.store(cache.data(), layer, head, rows.data(), rows.data() + 2 * kHeadColumns, kStride,
                   layout.n_keys());
    }
  }
  // Reads the heads only after all heads are stored, to detect heads that share memory.
  for (int layer = 0; layer < kShape.n_layers; ++layer) {
    for (int head = 0; head < kShape.n_heads; ++head) {
      const auto rows = random_rows(static_cast<unsigned>(layer * 10 + head));
      const auto stored = layout.head(cache.data(), layer, head);
      EXPECT_EQ(stored.key_scales != nullptr, GetParam() == DataType::I8);
      for (std::size_t i = 0; i < layout.n_keys(); ++i) {
        for (const bool key : {true, false}) {
          const float* wanted = rows.data() + i * kStride + (key ? 0 : 2 * kHeadColumns);
          float largest = 0;
          for (std::size_t c = 0; c < kHeadColumns; ++c)
            largest = std::max(largest, std::fabs(wanted[c]));
          const float bound = GetParam() == DataType::I8 ? largest / 127.0F * 0.50001F : 0.0F;
          for (std::size_t c = 0; c < kHeadColumns; ++c) {
            ASSERT_NEAR(at(layout, stored, key, i, c), wanted[c], bound)
                << layer << " " << head << " " << i << " " << c;
          }
        }
      }
      // The padding keys must be 0, so that their scores do not depend on the memory's old content.
      for (std::size_t i = layout.n_keys(); i < layout.padded_keys(); ++i) {
        for (std::size_t c = 0; c < kHeadColumns; ++c)
          ASSERT_EQ(at(layout, stored, true, i, c), 0.0F);
      }
    }
  }
}

TEST_P(CrossCache, EndsWithItsLastHead) {
  const CrossCacheLayout layout(kShape, GetParam());
  AlignedBytes cache(layout.bytes());
  const auto last = layout.head(cache.data(), kShape.n_layers - 1, kShape.n_heads - 1);
  const std::byte* end =
      last.value_scales != nullptr
          ? reinterpret_cast<const std::byte*>(last.value_scales + layout.padded_keys())
          : last.values + layout.padded_keys() * kHeadColumns * size_of(GetParam());
  EXPECT_EQ(end, cache.data() + cache.size());
}

TEST_P(CrossCache, ZerosStayZeros) {
  const CrossCacheLayout layout(kShape, GetParam());
  AlignedBytes cache(layout.bytes());
  const std::vector<float> zeros(static_cast<std::size_t>(kShape.n_keys) * kStride, 0.0F);
  layout.store(cache.data(), 0, 0, zeros.data(), zeros.data(), kStride, layout.n_keys());
  const auto stored = layout.head(cache.data(), 0, 0);
  for (std::size_t i = 0; i < layout.n_keys(); ++i) EXPECT_EQ(at(layout, stored, true, i, 5), 0.0F);
}

INSTANTIATE_TEST_SUITE_P(Types, CrossCache, testing::Values(DataType::I8, DataType::F32),
                         [](const auto& instance) {
                           return std::string(to_string(instance.param));
                         });

}  // namespace
}  // namespace npuwhisper::cpu
