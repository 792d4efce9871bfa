// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include "model/weights.h"
#include "simd/aligned.h"
#include "simd/data_type.h"
#include "simd/int8_rows.h"
#include "simd/panel_kernels.h"

namespace npuwhisper::cpu {

inline constexpr std::size_t kHeadColumns = 64;  ///< Columns per head in all models: one panel.
static_assert(kHeadColumns <= kScaleGroup, "a key has one scale");

/// Dimensions of a cache.
struct CacheShape {
  int n_layers = 0;
  int n_state = 0;
  int n_heads = 0;
  int n_keys = 0;
};

/// Layout of a stream's self-attention cache: keys and values of each layer as [cell, n_state] in
/// f16 or f32. Caches of one model may differ in their number of cells.
class SelfCacheLayout {
 public:
  SelfCacheLayout(int n_layers, int n_state, DataType type)
      : n_planes_(static_cast<std::size_t>(2 * n_layers)),
        row_bytes_(static_cast<std::size_t>(n_state) * size_of(type)) {}
  std::size_t bytes(int n_cells) const {
    return n_planes_ * static_cast<std::size_t>(n_cells) * row_bytes_;
  }

  /// Returns the distance between successive cells of a layer, in bytes.
  std::size_t row_bytes() const { return row_bytes_; }
  /// Returns the key of one cell, [n_state]. The function value() returns the cell's value.
  std::byte* key(std::span<std::byte> cache, int layer, int cell) const {
    return row(cache, 2 * layer, cell);
  }
  std::byte* value(std::span<std::byte> cache, int layer, int cell) const {
    return row(cache, 2 * layer + 1, cell);
  }

 private:
  std::byte* row(std::span<std::byte> cache, int plane, int cell) const {
    return cache.data() + static_cast<std::size_t>(plane) * (cache.size() / n_planes_) +
           static_cast<std::size_t>(cell) * row_bytes_;
  }
  std::size_t n_planes_;  // one plane of keys and one of values for each layer
  std::size_t row_bytes_;
};

/// Layout of a stream's cross-attention buffer, in int8 or f32. Each layer and head has keys,
/// values and, for int8, a scale for each key and each value row. The keys are transposed into
/// panels of 64 keys, so that a panel product computes the attention scores. The values are one
/// panel of 64 columns. Int8 panels have the order of int8_kernels.h.
class CrossCacheLayout {
 public:
  CrossCacheLayout(const CacheShape& shape, DataType type);
  std::size_t bytes() const {
    return head_bytes_ * static_cast<std::size_t>(shape_.n_layers * shape_.n_heads);
  }
  DataType type() const { return type_; }
  std::size_t n_keys() const { return static_cast<std::size_t>(shape_.n_keys); }
  std::size_t padded_keys() const { return padded_keys_; }

  struct Head {
    std::byte* keys;      ///< padded_keys / 64 panels with k = 64 columns and 64 keys.
    std::byte* values;    ///< A panel with k = padded_keys and 64 columns.
    float* key_scales;    ///< [padded_keys]; nullptr unless int8.
    float* value_scales;  ///< [padded_keys]; nullptr unless int8.
  };
  Head head(std::byte* cache, int layer, int head) const;

  /// Stores the keys and values [n, 64] of one head. `stride`: distance between rows in floats. `n`
  /// must be at most n_keys().
  void store(std::byte* cache, int layer, int head, const float* keys, const float* values,
             std::size_t stride, std::size_t n) const;

 private:
  CacheShape shape_;
  DataType type_;
  std::size_t padded_keys_;
  std::size_t plane_bytes_;  // size of the keys or the values of one head
  std::size_t scale_bytes_;
  std::size_t head_bytes_;
};

}  // namespace npuwhisper::cpu
