// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/cross_cache_store.h"

#include <utility>

#include "simd/row_kernels.h"

namespace npuwhisper::npu_device {
namespace {

constexpr std::size_t kElement = 2;  // bytes of a bf16

/// Returns the shape of the cache that holds the layers and heads of `rows`.
cpu::CacheShape shape_of(const std::vector<CacheRows>& rows, int n_keys) {
  cpu::CacheShape shape{.n_layers = static_cast<int>(rows.size()), .n_keys = n_keys};
  for (const CacheRows& layer : rows) {
    shape.n_state = layer.rows.row_stride / 2;
    shape.n_heads = layer.store.n_heads;
  }
  return shape;
}

}  // namespace

CrossCacheStore::CrossCacheStore(std::vector<CacheRows> rows, int n_keys, DataType type,
                                 cpu::ThreadPool& pool)
    : rows_(std::move(rows)), layout_(shape_of(rows_, n_keys), type), pool_(pool) {
  const std::size_t plane = layout_.n_keys() * cpu::kHeadColumns * sizeof(float);
  for (unsigned i = 0; i < pool_.size(); ++i) scratch_.emplace_back(2 * plane);
}

void CrossCacheStore::store(std::span<const std::byte> output, std::span<std::byte> cache) {
  pool_.run([&](unsigned thread) {
    unsigned task = 0;
    for (const CacheRows& layer : rows_) {
      for (int head = 0; head < layer.store.n_heads; ++head, ++task) {
        if (task % pool_.size() != thread) continue;
        store_head(layer, head, output.data(), cache.data(), scratch_[thread].as<float>());
      }
    }
  });
}

void CrossCacheStore::store_head(const CacheRows& layer, int head, const std::byte* output,
                                 std::byte* cache, float* scratch) const {
  const auto stride = static_cast<std::size_t>(layer.rows.row_stride);
  const std::byte* keys =
      output + layer.rows.offset + static_cast<std::size_t>(head) * cpu::kHeadColumns * kElement;
  const std::byte* values = keys + stride / 2 * kElement;
  float* f32_values = scratch + layout_.n_keys() * cpu::kHeadColumns;
  for (std::size_t i = 0; i < layout_.n_keys(); ++i) {
    const std::size_t row = i * stride * kElement;
    const std::size_t column = i * cpu::kHeadColumns;
    cpu::convert(keys + row, DataType::Bf16, scratch + column, DataType::F32, cpu::kHeadColumns);
    cpu::convert(values + row, DataType::Bf16, f32_values + column, DataType::F32,
                 cpu::kHeadColumns);
  }
  layout_.store(cache, layer.store.layer, head, scratch, f32_values, cpu::kHeadColumns,
                layout_.n_keys());
}

}  // namespace npuwhisper::npu_device
