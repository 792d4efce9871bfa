// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/caches.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "simd/largest_magnitude.h"
#include "simd/round_up.h"

namespace npuwhisper::cpu {
namespace {

/// Quantises one row of a head to int8 and returns the row's scale.
float quantise(const float* row, std::array<std::int8_t, kHeadColumns>& out) {
  const float largest = largest_magnitude({row, kHeadColumns});
  const float inverse = largest > 0 ? 127.0F / largest : 0.0F;
  // Adding and subtracting 1.5 * 2^23 rounds to an integer, ties to even, without a function call.
  constexpr float kMagic = 12582912.0F;
  for (std::size_t i = 0; i < kHeadColumns; ++i) {
    out[i] = static_cast<std::int8_t>(row[i] * inverse + kMagic - kMagic);
  }
  return largest / 127.0F;
}

/// Writes one key into its column of the panels.
template <typename T>
void scatter_key(const T* row, std::size_t key, std::byte* panels) {
  T* to = reinterpret_cast<T*>(panels) + key / kPanelColumns * kPanelColumns * kHeadColumns +
          key % kPanelColumns;
  for (std::size_t i = 0; i < kHeadColumns; ++i) to[i * kPanelColumns] = row[i];
}

}  // namespace

CrossCacheLayout::CrossCacheLayout(const CacheShape& shape, DataType type)
    : shape_(shape),
      type_(type),
      padded_keys_(round_up(static_cast<std::size_t>(shape.n_keys), kPanelColumns)),
      plane_bytes_(padded_keys_ * kHeadColumns * size_of(type)),
      scale_bytes_(type == DataType::I8 ? padded_keys_ * sizeof(float) : 0),
      head_bytes_(2 * (plane_bytes_ + scale_bytes_)) {}

CrossCacheLayout::Head CrossCacheLayout::head(std::byte* cache, int layer, int head) const {
  std::byte* base = cache + static_cast<std::size_t>(layer * shape_.n_heads + head) * head_bytes_;
  const bool scaled = type_ == DataType::I8;
  auto* scales = reinterpret_cast<float*>(base + 2 * plane_bytes_);
  return {base, base + plane_bytes_, scaled ? scales : nullptr,
          scaled ? scales + padded_keys_ : nullptr};
}

void CrossCacheLayout::store(std::byte* cache, int layer, int head, const float* keys,
                             const float* values, std::size_t stride, std::size_t n) const {
  const Head to = this->head(cache, layer, head);
  std::array<std::int8_t, kHeadColumns> row;
  for (std::size_t i = 0; i < n; ++i) {
    const float* key = keys + i * stride;
    const float* value = values + i * stride;
    if (type_ == DataType::I8) {
      to.key_scales[i] = quantise(key, row);
      scatter_key(row.data(), i, to.keys);
      to.value_scales[i] = quantise(value, row);
      std::copy(row.begin(), row.end(),
                reinterpret_cast<std::int8_t*>(to.values) + i * kHeadColumns);
    } else {
      scatter_key(key, i, to.keys);
      std::copy(value, value + kHeadColumns,
                reinterpret_cast<float*>(to.values) + i * kHeadColumns);
    }
  }
}

}  // namespace npuwhisper::cpu
