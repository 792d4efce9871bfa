// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/pack_panels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "design/patterns.h"
#include "design/plan_jobs.h"
#include "mel_core/fourier_matrix.h"

namespace npuwhisper::npu {
namespace {

using Tile = std::array<std::uint16_t, core::kTileElements>;
constexpr std::size_t kTileColumns = core::kTile;

std::size_t usize(int value) {
  return static_cast<std::size_t>(value);
}

float value_or(std::span<const float> values, std::size_t index, float otherwise) {
  return values.empty() ? otherwise : values[index];
}

/// Writes `bytes` to `tile`, permuted so that they reach a core in their original order. The memory
/// tile cuts B's tiles into blocks, which reverses the permutation.
void write_in_order(std::span<const std::byte> bytes, core::BlockShape block, std::byte* tile) {
  for (std::size_t i = 0; i < bytes.size() / 4; ++i) {
    const int place = word_before_blocks(block, static_cast<int>(i));
    std::memcpy(tile + 4 * place, &bytes[4 * i], 4);
  }
}

/// Packs the weights of one block of a product's columns in the order in which the cores multiply
/// them.
class BlockWeights {
 public:
  BlockWeights(const Product& product, const ColumnBlock& block, const Parameters& parameters)
      : k_(usize(product.k)),
        block_(block),
        parameters_(parameters),
        scale_(product.parts[usize(block.part)].scale) {}

  /// Writes the bias, including the contribution of the norm's beta.
  void write_bias(std::span<float, kTileColumns> to) const {
    for (std::size_t n = 0; n < usize(block_.n_columns); ++n) {
      double sum = static_cast<double>(
          value_or(parameters_.bias, usize(block_.first_column) + n, 0) * scale_);
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
      Tile tile{};  // [64 k][64 n]
      const std::size_t n_k = std::min(kTileColumns, k_ - first_k);
      for (std::size_t n = 0; n < usize(block_.n_columns); ++n) {
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
    for (std::size_t n = 0; n < usize(block_.n_columns); ++n) scales[n] = largest(n) / 127;
    for (std::size_t first_k = 0; first_k < k_; first_k += kInt8Rows) {
      std::array<std::byte, core::kTileBytes> tile{};
      const std::size_t n_k = std::min(kInt8Rows, k_ - first_k);
      for (std::size_t n = 0; n < usize(block_.n_columns); ++n) {
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
    return parameters_.weights.at((usize(block_.first_column) + n) * k_ + i) * scale_;
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

/// Writes a block's 64 columns of the Fourier matrix, in tiles of 64 rows.
void write_fourier_block(const ColumnBlock& block, std::byte* tiles) {
  for (int first_k = 0; first_k < mel::kSpectrumRows; first_k += core::kTile) {
    Tile tile{};  // [64 k][64 n]
    for (int k = 0; k < core::kTile; ++k) {
      for (int n = 0; n < core::kTile; ++n) {
        tile[usize(k * core::kTile + n)] =
            static_cast<std::uint16_t>(mel::fourier_element(first_k + k, block.first_column + n));
      }
    }
    std::memcpy(tiles, tile.data(), core::kTileBytes);
    tiles += core::kTileBytes;
  }
}

/// Writes a layer norm's gamma and beta for the columns that one core keeps.
void write_norm(const ColumnBlock& block, const Parameters& parameters, core::JobHeader& header) {
  for (std::size_t i = 0; i < usize(block.n_columns); ++i) {
    header.column_sum[0][i] = value_or(parameters.gamma, usize(block.first_column) + i, 1);
    header.bias[0][i] = value_or(parameters.beta, usize(block.first_column) + i, 0);
  }
}

void write_panel(const Operation& operation, const Panel& panel,
                 std::span<const Parameters> parameters, core::BlockShape shape, std::byte* place) {
  core::JobHeader header = panel.header;
  const auto* product = std::get_if<Product>(&operation.what);
  for (std::size_t b = 0; b < panel.blocks.size(); ++b) {
    const ColumnBlock& block = panel.blocks[b];
    if (product != nullptr) {
      const std::size_t first_tile = 1 + b * usize(panel.header.k_steps);
      std::byte* tiles = place + first_tile * core::kTileBytes;
      const BlockWeights weights(*product, block, parameters[usize(block.part)]);
      weights.write_bias(header.bias[b]);
      if (product->weights == WeightType::Int8) {
        weights.write_int8(header.column_sum[b], header.column_scale[b], shape, tiles);
      } else {
        weights.write_bf16(header.column_sum[b], tiles);
      }
    }
    if (std::holds_alternative<LayerNorm>(operation.what)) {
      write_norm(block, parameters[0], header);
    }
    if (std::holds_alternative<Spectrum>(operation.what)) {
      const std::size_t first_tile = 1 + b * usize(panel.header.k_steps);
      write_fourier_block(block, place + first_tile * core::kTileBytes);
    }
  }
  std::memset(place, 0, core::kTileBytes);
  write_in_order(std::as_bytes(std::span(&header, 1)), shape, place);
}

Result<void> check_size(const std::string& name, std::size_t found, std::size_t wanted,
                        bool optional) {
  if (found == wanted || (optional && found == 0)) return {};
  return fail(ErrorCode::InvalidArgument, name + " of " + std::to_string(found) +
                                              " elements, expected " + std::to_string(wanted));
}

Result<void> check_parameters(const Operation& operation, std::span<const Parameters> parameters) {
  const std::string who = "operation '" + operation.name + "': ";
  std::size_t n_wanted = 0;
  const auto* product = std::get_if<Product>(&operation.what);
  const auto* norm = std::get_if<LayerNorm>(&operation.what);
  if (product != nullptr) n_wanted = product->parts.size();
  if (norm != nullptr) n_wanted = 1;
  if (parameters.size() != n_wanted) {
    return fail(ErrorCode::InvalidArgument, who + std::to_string(parameters.size()) +
                                                " sets of parameters, expected " +
                                                std::to_string(n_wanted));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameters& p = parameters[i];
    const std::size_t k = usize(product != nullptr ? product->k : norm->k);
    const std::size_t n = product != nullptr ? usize(product->parts[i].n) : 0;
    const bool has_norm = norm != nullptr || product->normalised;
    const bool has_bias = product != nullptr && !product->log_mel;
    if (auto r = check_size(who + "weights", p.weights.size(), n * k, false); !r) return r;
    if (auto r = check_size(who + "bias", p.bias.size(), has_bias ? n : 0, true); !r) return r;
    if (auto r = check_size(who + "gamma", p.gamma.size(), has_norm ? k : 0, true); !r) return r;
    if (auto r = check_size(who + "beta", p.beta.size(), has_norm ? k : 0, true); !r) return r;
  }
  return {};
}

}  // namespace

float Weights::at(std::size_t index) const {
  return f32.empty() ? from_bf16(bf16[index]) : f32[index];
}

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>(bits >> 16 | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

float from_bf16(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

Result<void> pack_panels(const Plan& plan, std::size_t operation,
                         std::span<const Parameters> parameters, std::span<std::byte> packed) {
  const Operation& what = plan.operations[operation];
  if (auto r = check_parameters(what, parameters); !r) return r;
  if (packed.size() != plan.packed_bytes) {
    return fail(ErrorCode::InvalidArgument, "packed buffer of " + std::to_string(packed.size()) +
                                                " bytes, expected " +
                                                std::to_string(plan.packed_bytes));
  }
  const OperationPlan& figures = plan.figures[operation];
  for (std::size_t j = figures.first_job; j < figures.first_job + figures.n_jobs; ++j) {
    for (const Panel& panel : plan.jobs[j].panels) {
      write_panel(what, panel, parameters, plan.spec.blocks(), packed.data() + panel.offset);
    }
  }
  return {};
}

}  // namespace npuwhisper::npu
