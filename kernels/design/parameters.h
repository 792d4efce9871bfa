// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "design/core_interface.h"

namespace npuwhisper::npu {

/// A row-major matrix of weights in one of two types; the other type's span is empty.
struct Weights {
  std::span<const float> f32{};
  std::span<const std::uint16_t> bf16{};

  std::size_t size() const { return f32.empty() ? bf16.size() : f32.size(); }
  float at(std::size_t index) const;
};

/// Parameters of a product's part or of a layer norm. Empty spans mean zeros (bias, beta) or ones
/// (gamma).
struct Parameters {
  Weights weights{};               ///< Product: [n, k]
  std::span<const float> bias{};   ///< [n]
  std::span<const float> gamma{};  ///< [k]; empty for a product whose input is not normalised
  std::span<const float> beta{};   ///< [k]
};

/// Numbers of elements of one Parameters. Bias, gamma and beta may also be empty.
struct ParameterSizes {
  std::size_t weights = 0;
  std::size_t bias = 0;
  std::size_t gamma = 0;
  std::size_t beta = 0;
};

/// The place where pack() writes a panel.
struct PanelPlace {
  core::JobHeader& header;  ///< Copy of the panel's header. pack() adds the parameters.
  std::byte* weights;       ///< The panel's first tile of weights.
  core::BlockShape blocks;  ///< Shape of the blocks of the design's tiles.
};

/// Returns values[index], or `otherwise` if there are no values.
inline float value_or(std::span<const float> values, std::size_t index, float otherwise) {
  return values.empty() ? otherwise : values[index];
}

/// Rounds to the nearest bf16, ties to even; a NaN stays a NaN.
std::uint16_t to_bf16(float value);
float from_bf16(std::uint16_t value);

}  // namespace npuwhisper::npu
