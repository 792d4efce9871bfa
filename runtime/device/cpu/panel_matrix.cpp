// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/panel_matrix.h"

#include <algorithm>
#include <cmath>

#include "device/cpu/row_kernels.h"

namespace npuwhisper::cpu {
namespace {

constexpr std::size_t kRowsBetweenReleases = 4096;

float largest_magnitude(std::span<const float> row) {
  float largest = 0;
  for (const float x : row) largest = std::max(largest, std::fabs(x));
  return largest;
}

}  // namespace

PanelMatrix PanelMatrix::pack(const WeightView& weight, DataType type, const Weights* source) {
  PanelMatrix m;
  m.n_ = static_cast<std::size_t>(weight.dims[0]);
  m.k_ = static_cast<std::size_t>(weight.n_elements()) / m.n_;
  m.type_ = type;
  m.bytes_ = AlignedBytes(m.n_panels() * m.panel_bytes());
  if (type == DataType::I8) m.scales_.resize(m.n_panels() * m.n_groups() * kPanelColumns);
  std::vector<float> row(m.k_);
  std::vector<std::uint16_t> halves(m.k_);
  for (std::size_t i = 0; i < m.n_; ++i) {
    if (source != nullptr && i % kRowsBetweenReleases == 0) source->release(weight);
    weight.read_rows(static_cast<std::int64_t>(i), 1, row);
    std::byte* panel = m.bytes_.data() + i / kPanelColumns * m.panel_bytes();
    const std::size_t column = i % kPanelColumns;
    switch (type) {
      case DataType::I8: m.pack_int8(i, row); break;
      case DataType::F16: {
        store_row(row.data(), halves.data(), DataType::F16, m.k_);
        auto* to = reinterpret_cast<std::uint16_t*>(panel) + column;
        for (std::size_t k = 0; k < m.k_; ++k) to[k * kPanelColumns] = halves[k];
        break;
      }
      default: {
        auto* to = reinterpret_cast<float*>(panel) + column;
        for (std::size_t k = 0; k < m.k_; ++k) to[k * kPanelColumns] = row[k];
        break;
      }
    }
  }
  if (source != nullptr) source->release(weight);
  return m;
}

void PanelMatrix::pack_int8(std::size_t row, std::span<const float> values) {
  const std::size_t i = row / kPanelColumns, column = row % kPanelColumns;
  auto* to = reinterpret_cast<std::int8_t*>(bytes_.data() + i * panel_bytes()) + column;
  for (std::size_t group = 0; group < n_groups(); ++group) {
    const std::size_t first = group * kScaleGroup, end = std::min(first + kScaleGroup, k_);
    const float scale = largest_magnitude(values.subspan(first, end - first)) / 127.0F;
    const float inverse = scale > 0 ? 1.0F / scale : 0.0F;
    scales_[(i * n_groups() + group) * kPanelColumns + column] = scale;
    for (std::size_t k = first; k < end; ++k) {
      to[k * kPanelColumns] = static_cast<std::int8_t>(std::lrint(values[k] * inverse));
    }
  }
}

}  // namespace npuwhisper::cpu
