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
  m.panel_bytes_ = m.k_ * kPanelColumns * size_of(type);
  m.bytes_ = AlignedBytes(m.n_panels() * m.panel_bytes_);
  if (type == DataType::I8) m.scales_.resize(m.n_panels() * kPanelColumns);
  std::vector<float> row(m.k_);
  std::vector<std::uint16_t> halves(m.k_);
  for (std::size_t i = 0; i < m.n_; ++i) {
    if (source != nullptr && i % kRowsBetweenReleases == 0) source->release(weight);
    weight.read_rows(static_cast<std::int64_t>(i), 1, row);
    std::byte* panel = m.bytes_.data() + i / kPanelColumns * m.panel_bytes_;
    const std::size_t column = i % kPanelColumns;
    if (type == DataType::I8) {
      const float scale = largest_magnitude(row) / 127.0F;
      m.scales_[i] = scale;
      const float inverse = scale > 0 ? 1.0F / scale : 0.0F;
      auto* to = reinterpret_cast<std::int8_t*>(panel) + column;
      for (std::size_t k = 0; k < m.k_; ++k) {
        to[k * kPanelColumns] = static_cast<std::int8_t>(std::lrint(row[k] * inverse));
      }
    } else if (type == DataType::F16) {
      store_row(row.data(), halves.data(), DataType::F16, m.k_);
      auto* to = reinterpret_cast<std::uint16_t*>(panel) + column;
      for (std::size_t k = 0; k < m.k_; ++k) to[k * kPanelColumns] = halves[k];
    } else {
      auto* to = reinterpret_cast<float*>(panel) + column;
      for (std::size_t k = 0; k < m.k_; ++k) to[k * kPanelColumns] = row[k];
    }
  }
  if (source != nullptr) source->release(weight);
  return m;
}

void PanelMatrix::add_row(std::size_t row, std::span<float> out) const {
  const void* data = panel(row / kPanelColumns);
  const std::size_t column = row % kPanelColumns;
  for (std::size_t k = 0; k < k_; ++k) {
    const std::size_t at = k * kPanelColumns + column;
    switch (type_) {
      case DataType::I8: out[k] += static_cast<float>(static_cast<const std::int8_t*>(data)[at]) * scales_[row]; break;
      case DataType::F16: {
        float value = 0;
        add_scaled(1.0F, static_cast<const std::uint16_t*>(data) + at, DataType::F16, &value, 1);
        out[k] += value;
        break;
      }
      default: out[k] += static_cast<const float*>(data)[at]; break;
    }
  }
}

}  // namespace npuwhisper::cpu
