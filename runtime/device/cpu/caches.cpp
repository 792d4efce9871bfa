// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/caches.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "simd/int8_kernels.h"
#include "simd/round_to_int8.h"
#include "simd/round_up.h"

namespace npuwhisper::cpu {
namespace {

/// Rounds one row of a head to the bytes of int8 panels (int8_kernels.h). Returns the row's scale.
float quantise(const float* row, std::array<std::uint8_t, kHeadColumns>& out) {
  const float largest = largest_magnitude(row, kHeadColumns);
  std::array<std::int8_t, kHeadColumns> rounded;
  round_to_int8(row, largest > 0 ? 127.0F / largest : 0.0F, rounded.data(), kHeadColumns);
  std::ranges::transform(rounded, out.begin(), int8_byte);
  return largest / 127.0F;
}

/// Writes one key of f32 into its column of the panels.
void scatter_key(const float* row, std::size_t key, std::byte* panels) {
  float* to = reinterpret_cast<float*>(panels) +
              key / kPanelColumns * kPanelColumns * kHeadColumns + key % kPanelColumns;
  for (std::size_t i = 0; i < kHeadColumns; ++i) to[i * kPanelColumns] = row[i];
}

/// Writes one key into its column of int8 panels.
void scatter_key(const std::array<std::uint8_t, kHeadColumns>& row, std::size_t key,
                 std::byte* panels) {
  std::byte* panel = panels + key / kPanelColumns * int8_panel_bytes(kHeadColumns);
  for (std::size_t i = 0; i < kHeadColumns; i += kInt8Depth) {
    std::memcpy(panel + int8_index(i, key % kPanelColumns), &row[i], kInt8Depth);
  }
}

/// Stores keys and values of one head, as CrossCacheLayout::store() does.
void store_int8(const CrossCacheLayout::Head& to, const float* keys, const float* values,
                std::size_t stride, std::size_t n) {
  // The values of four successive keys are adjacent in a panel.
  std::array<std::array<std::uint8_t, kHeadColumns>, kInt8Depth> rows;
  for (std::size_t first = 0; first < n; first += kInt8Depth) {
    const std::size_t n_rows = std::min(kInt8Depth, n - first);
    for (std::size_t i = 0; i < n_rows; ++i) {
      const std::size_t key = first + i;
      to.key_scales[key] = quantise(keys + key * stride, rows[i]);
      scatter_key(rows[i], key, to.keys);
    }
    for (std::size_t i = 0; i < n_rows; ++i) {
      to.value_scales[first + i] = quantise(values + (first + i) * stride, rows[i]);
    }
    auto* out = reinterpret_cast<std::uint8_t*>(to.values) + int8_index(first, 0);
    for (std::size_t c = 0; c < kHeadColumns; ++c) {
      for (std::size_t i = 0; i < kInt8Depth; ++i) out[c * kInt8Depth + i] = rows[i][c];
    }
  }
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
  if (type_ == DataType::I8) {
    store_int8(to, keys, values, stride, n);
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    scatter_key(keys + i * stride, i, to.keys);
    std::copy_n(values + i * stride, kHeadColumns,
                reinterpret_cast<float*>(to.values) + i * kHeadColumns);
  }
}

}  // namespace npuwhisper::cpu
