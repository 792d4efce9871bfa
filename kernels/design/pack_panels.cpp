// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/pack_panels.h"

#include <algorithm>
#include <array>
#include <bit>
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

/// The header as the memory tile must find it, so that the cut into B's blocks puts it in order.
void write_header(const core::JobHeader& header, core::BlockShape block, std::byte* tile) {
  std::array<std::uint32_t, sizeof(core::JobHeader) / 4> words{};
  std::memcpy(words.data(), &header, sizeof(header));
  std::memset(tile, 0, core::kTileBytes);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const int place = word_before_blocks(block, static_cast<int>(i));
    std::memcpy(tile + 4 * place, &words[i], 4);
  }
}

/// Writes one block's weights, tile by tile of 64 k, and what of the header depends on them.
void write_block(const Product& product, const ColumnBlock& block, const Parameters& parameters,
                 std::span<float, kTileColumns> header_bias,
                 std::span<float, kTileColumns> header_sums, std::byte* tiles) {
  const float scale = product.parts[usize(block.part)].scale;
  const std::size_t k = usize(product.k);
  std::array<double, kTileColumns> column_sum{};
  std::array<double, kTileColumns> bias{};
  for (std::size_t first_k = 0; first_k < k; first_k += kTileColumns) {
    Tile tile{};  // [64 k][64 n]
    const std::size_t n_k = std::min(kTileColumns, k - first_k);
    for (std::size_t n = 0; n < usize(block.n_columns); ++n) {
      const std::size_t row = (usize(block.first_column) + n) * k + first_k;
      for (std::size_t i = 0; i < n_k; ++i) {
        const float weight = parameters.weights.at(row + i) * scale;
        const float gamma = value_or(parameters.gamma, first_k + i, 1);
        const std::uint16_t rounded = to_bf16(weight * gamma);
        tile[i * kTileColumns + n] = rounded;
        column_sum[n] += static_cast<double>(from_bf16(rounded));
        bias[n] += static_cast<double>(weight) *
                   static_cast<double>(value_or(parameters.beta, first_k + i, 0));
      }
    }
    std::memcpy(tiles, tile.data(), core::kTileBytes);
    tiles += core::kTileBytes;
  }
  for (std::size_t n = 0; n < usize(block.n_columns); ++n) {
    const float own = value_or(parameters.bias, usize(block.first_column) + n, 0) * scale;
    header_bias[n] = static_cast<float>(bias[n] + static_cast<double>(own));
    header_sums[n] = static_cast<float>(column_sum[n]);
  }
}

/// Tiles of the Fourier matrix, 64 rows each.
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

/// A layer norm's gamma and beta, of the columns that one core keeps.
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
      write_block(*product, block, parameters[usize(block.part)], std::span(header.bias[b]),
                  std::span(header.column_sum[b]), place + first_tile * core::kTileBytes);
    }
    if (std::holds_alternative<LayerNorm>(operation.what)) {
      write_norm(block, parameters[0], header);
    }
    if (std::holds_alternative<Spectrum>(operation.what)) {
      const std::size_t first_tile = 1 + b * usize(panel.header.k_steps);
      write_fourier_block(block, place + first_tile * core::kTileBytes);
    }
  }
  write_header(header, shape, place);
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
    if (auto r = check_size(who + "weights", p.weights.size(), n * k, false); !r) return r;
    if (auto r = check_size(who + "bias", p.bias.size(), n, true); !r) return r;
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
