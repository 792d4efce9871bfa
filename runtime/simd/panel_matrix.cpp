// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/panel_matrix.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "simd/round_to_int8.h"
#include "simd/row_kernels.h"

namespace npuwhisper::cpu {
PanelMatrix PanelMatrix::pack(std::span<const float> values, std::size_t n, std::size_t k,
                              DataType type) {
  PanelMatrix m;
  m.allocate(n, k, type);
  for (std::size_t i = 0; i < n; ++i) m.pack_row(i, values.subspan(i * k, k));
  return m;
}

Result<PanelMatrix> PanelMatrix::pack_rows(
    std::size_t n, std::size_t k, DataType type,
    const std::function<Result<void>(const PackRow&)>& read) {
  PanelMatrix m;
  m.allocate(n, k, type);
  const auto done =
      read([&m](std::size_t row, std::span<const float> values) { m.pack_row(row, values); });
  if (!done) return fail(done.error());
  return m;
}

std::size_t PanelMatrix::bytes(std::size_t n, std::size_t k, DataType type) {
  PanelMatrix m;
  m.n_ = n;
  m.k_ = k;
  m.type_ = type;
  const std::size_t n_scales = type == DataType::I8 ? m.n_groups() * kPanelColumns : 0;
  return m.n_panels() * (m.panel_bytes() + n_scales * sizeof(float));
}

void PanelMatrix::allocate(std::size_t n, std::size_t k, DataType type) {
  n_ = n;
  k_ = k;
  type_ = type;
  bytes_ = AlignedBytes(n_panels() * panel_bytes());
  if (type == DataType::I8) scales_.resize(n_panels() * n_groups() * kPanelColumns);
}

void PanelMatrix::pack_row(std::size_t row, std::span<const float> values) {
  std::byte* panel = bytes_.data() + row / kPanelColumns * panel_bytes();
  const std::size_t column = row % kPanelColumns;
  switch (type_) {
    case DataType::I8:
      pack_int8(row, values);
      break;
    case DataType::F16: {
      auto* to = reinterpret_cast<std::uint16_t*>(panel) + column;
      std::array<std::uint16_t, kPanelColumns> halves;
      for (std::size_t k = 0; k < k_; k += halves.size()) {
        const std::size_t n = std::min(halves.size(), k_ - k);
        store_row(values.data() + k, halves.data(), DataType::F16, n);
        for (std::size_t i = 0; i < n; ++i) to[(k + i) * kPanelColumns] = halves[i];
      }
      break;
    }
    default: {
      auto* to = reinterpret_cast<float*>(panel) + column;
      for (std::size_t k = 0; k < k_; ++k) to[k * kPanelColumns] = values[k];
      break;
    }
  }
}

void PanelMatrix::pack_int8(std::size_t row, std::span<const float> values) {
  const std::size_t i = row / kPanelColumns, column = row % kPanelColumns;
  auto* to = reinterpret_cast<std::uint8_t*>(bytes_.data() + i * panel_bytes());
  for (std::size_t group = 0; group < n_groups(); ++group) {
    const std::size_t first = group * kScaleGroup, end = std::min(first + kScaleGroup, k_);
    const float scale = largest_magnitude(values.data() + first, end - first) / 127.0F;
    const float inverse = scale > 0 ? 1.0F / scale : 0.0F;
    scales_[(i * n_groups() + group) * kPanelColumns + column] = scale;
    std::array<std::int8_t, kScaleGroup> rounded = {};
    round_to_int8(values.data() + first, inverse, rounded.data(), end - first);
    for (std::size_t k = first; k < end; k += kInt8Depth) {
      std::uint8_t* bytes = to + int8_index(k, column);
      for (std::size_t j = 0; j < kInt8Depth; ++j) bytes[j] = int8_byte(rounded[k - first + j]);
    }
  }
}

}  // namespace npuwhisper::cpu
