// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

#include "design/operations/functions.h"

namespace npuwhisper::npu {

/// Columns of a product's result that are written to one matrix.
struct ProductPart {
  int n = 0;
  HostMatrix output{};  ///< [m, n], or [n, m] if transposed; padding rows are written as zeros.
  float scale = 1;      ///< pack_panels() multiplies weights and bias by this factor.
  bool gelu = false;
  bool transposed = false;
  std::optional<HostMatrix> residual{};  ///< [m, n], added last. May be the output itself.
};

/// Type of a product's weights in the stream. The type determines how the cores multiply. With
/// Int8, the weights have one scale per column of the result, and the cores round the input to int8
/// as well, row by row (core_interface.h).
enum class WeightType { Bf16, Int8 };

/// output = activation(norm(input) * weights^T + bias) + residual
struct Product {
  int m = 0;
  int k = 0;
  HostMatrix input{};  ///< [m, k]
  /// Applies a layer norm to the input. pack_panels() folds gamma and beta into weights and bias.
  bool normalised = false;
  float epsilon = 0;
  WeightType weights = WeightType::Bf16;  ///< Int8: k must fill an even number of tiles.
  /// Splits each operand into two parts on arrays whose products round bf16 operands to bfp16
  /// (AIE2P). This keeps the precision of bf16, and takes about three times as long. Requires bf16
  /// weights.
  bool in_parts = false;
  std::vector<ProductPart> parts{};
  /// If set, the result is (log10(max(input * weights^T, 1e-10)) + 4) / 4, with mel filters as
  /// weights. Like Spectrum, such a product runs in mel_core.o (mel_core/mel_core.h). It requires a
  /// single part and bf16 weights, without bias, residual, norm, GELU or transposition.
  bool log_mel = false;
};

/// Functions of the operation, as operations/functions.h describes them.
Result<void> plan_jobs(JobPlanner& planner, const Product& product);
std::vector<ParameterSizes> parameter_sizes(const Product& product);
void pack(const Product& product, const Panel& panel, std::span<const Parameters> parameters,
          const PanelPlace& place);

}  // namespace npuwhisper::npu
