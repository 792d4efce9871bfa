// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "design/operations/product.h"
#include "design/parameters.h"
#include "design/patterns.h"
#include "design/plan.h"

namespace npuwhisper::npu {
namespace {

constexpr std::size_t kTileColumns = core::kTile;

/// Packs the weights of one block of a product's columns in the order in which the cores multiply
/// them.
class BlockWeights {
 public:
  BlockWeights(const Product& product, const ColumnBlock& block, const Parameters& parameters)
      : k_(static_cast<std::size_t>(product.k)),
        block_(block),
        parameters_(parameters),
        scale_(product.parts[static_cast<std::size_t>(block.part)].scale) {}

  /// Writes the bias, including the contribution of the norm's beta.
  void write_bias(std::span<float, kTileColumns> to) const {
    for (std::size_t n = 0; n < static_cast<std::size_t>(block_.n_columns); ++n) {
      double sum = static_cast<double>(
          value_or(parameters_.bias, static_cast<std::size_t>(block_.first_column) + n, 0) *
          scale_);
      for (std::size_t i = 0; i < k_ && !parameters_.beta.empty(); ++i) {
        sum += static_cast<double>(scaled(n, i)) * static_cast<double>(parameters_.beta[i]);
      }
      to[n] = static_cast<float>(sum);
    }
  }

  /// Writes the weights to `tiles`, row-major tiles of 64 k, and the column sums to `sums`.
  void write_bf16(std::span<float, kTileColumns> sums, std::byte* tiles) const {
    std::array<double, kTileColumns> column_sum{};
    for (std::size_t first_k = 0; first_k < k_; first_k += kTileColumns) {
      std::array<std::uint16_t, core::kTileElements> tile{};  // [64 k][64 n]
      const std::size_t n_k = std::min(kTileColumns, k_ - first_k);
      for (std::size_t n = 0; n < static_cast<std::size_t>(block_.n_columns); ++n) {
        for (std::size_t i = 0; i < n_k; ++i) {
          const std::uint16_t rounded = to_bf16(weight(n, first_k + i));
          tile[i * kTileColumns + n] = rounded;
          column_sum[n] += static_cast<double>(from_bf16(rounded));
        }
      }
      std::memcpy(tiles, tile.data(), core::kTileBytes);
      tiles += core::kTileBytes;
    }
    for (std::size_t n = 0; n < kTileColumns; ++n) sums[n] = static_cast<float>(column_sum[n]);
  }

  /// Writes the weights to `tiles`, tiles of 128 k in the order of core_interface.h, the column
  /// sums to `sums` and the columns' scales to `scales`.
  void write_int8(std::span<float, kTileColumns> sums, std::span<float, kTileColumns> scales,
                  core::BlockShape shape, std::byte* tiles) const {
    std::array<std::int64_t, kTileColumns> column_sum{};
    for (std::size_t n = 0; n < static_cast<std::size_t>(block_.n_columns); ++n)
      scales[n] = largest(n) / 127;
    for (std::size_t first_k = 0; first_k < k_; first_k += kInt8Rows) {
      std::array<std::byte, core::kTileBytes> tile{};
      const std::size_t n_k = std::min(kInt8Rows, k_ - first_k);
      for (std::size_t n = 0; n < static_cast<std::size_t>(block_.n_columns); ++n) {
        for (std::size_t i = 0; i < n_k; ++i) {
          const std::int8_t rounded = nearest(weight(n, first_k + i), scales[n]);
          tile[place_of_int8(i, n)] = static_cast<std::byte>(rounded);
          column_sum[n] += rounded;
        }
      }
      write_in_order(tile, shape, tiles);
      tiles += core::kTileBytes;
    }
    for (std::size_t n = 0; n < kTileColumns; ++n) {
      sums[n] = scales[n] * static_cast<float>(column_sum[n]);
    }
  }

 private:
  static constexpr std::size_t kInt8Rows = core::kInt8Steps * kTileColumns;

  /// Returns a weight's index in a tile, [2][64/8][64/8][8 k][8 n].
  static std::size_t place_of_int8(std::size_t k, std::size_t n) {
    constexpr std::size_t kSide = core::kInt8Block;
    return (k / kSide * (kTileColumns / kSide) + n / kSide) * kSide * kSide + k % kSide * kSide +
           n % kSide;
  }

  static std::int8_t nearest(float value, float unit) {
    if (unit == 0) return 0;  // A column of zeros.
    // std::fmax() replaces a NaN by -127.
    return static_cast<std::int8_t>(
        std::fmin(std::fmax(std::nearbyint(value / unit), -127.0F), 127.0F));
  }

  /// Returns a weight times the part's scale.
  float scaled(std::size_t n, std::size_t i) const {
    return parameters_.weights.at((static_cast<std::size_t>(block_.first_column) + n) * k_ + i) *
           scale_;
  }
  /// Returns a weight times the part's scale and gamma.
  float weight(std::size_t n, std::size_t i) const {
    return scaled(n, i) * value_or(parameters_.gamma, i, 1);
  }
  float largest(std::size_t n) const {
    float most = 0;
    for (std::size_t i = 0; i < k_; ++i) most = std::max(most, std::fabs(weight(n, i)));
    return most;
  }

  std::size_t k_;
  const ColumnBlock& block_;
  const Parameters& parameters_;
  float scale_;
};

}  // namespace

std::vector<ParameterSizes> parameter_sizes(const Product& product) {
  const auto k = static_cast<std::size_t>(product.k);
  const std::size_t n_norm = product.normalised ? k : 0;
  std::vector<ParameterSizes> sizes;
  for (const ProductPart& part : product.parts) {
    const auto n = static_cast<std::size_t>(part.n);
    sizes.push_back(
        {.weights = n * k, .bias = product.log_mel ? 0 : n, .gamma = n_norm, .beta = n_norm});
  }
  return sizes;
}

void pack(const Product& product, const Panel& panel, std::span<const Parameters> parameters,
          const PanelPlace& place) {
  core::JobHeader& header = place.header;
  std::byte* tiles = place.weights;
  for (std::size_t b = 0; b < panel.blocks.size(); ++b) {
    const ColumnBlock& block = panel.blocks[b];
    const BlockWeights weights(product, block, parameters[static_cast<std::size_t>(block.part)]);
    weights.write_bias(header.bias[b]);
    if (product.weights == WeightType::Int8) {
      weights.write_int8(header.column_sum[b], header.column_scale[b], place.blocks, tiles);
    } else {
      weights.write_bf16(header.column_sum[b], tiles);
    }
    tiles += static_cast<std::size_t>(header.k_steps) * core::kTileBytes;
  }
}

}  // namespace npuwhisper::npu
