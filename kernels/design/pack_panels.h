// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <npuwhisper/result.h>

#include "design/plan.h"

namespace npuwhisper::npu {

/// A row-major matrix of weights in either of two types; the other span is empty.
struct Weights {
  std::span<const float> f32{};
  std::span<const std::uint16_t> bf16{};

  std::size_t size() const { return f32.empty() ? bf16.size() : f32.size(); }
  float at(std::size_t index) const;
};

/// What a product's part or a layer norm has besides its input. Empty: zeros (bias, beta), ones
/// (gamma).
struct Parameters {
  Weights weights{};               ///< Product: [n, k]
  std::span<const float> bias{};   ///< [n]
  std::span<const float> gamma{};  ///< [k], product: where it is normalised
  std::span<const float> beta{};   ///< [k]
};

/// Writes the panels of operation number `operation` (headers, and weights in the order of the
/// stream, as the memory tile cuts them) into the whole packed buffer, of plan.packed_bytes. One
/// Parameters for each part; one for a layer norm; none for attention and spectrum. Folded into the
/// weights, in f32 or better, before they are rounded to bf16: the part's scale, and gamma; into
/// the bias: the scale and weights * beta. Column sums are those of the rounded weights, so that
/// they cancel the mean exactly. Errors: InvalidArgument (sizes). Thread-safe for different
/// operations.
Result<void> pack_panels(const Plan& plan, std::size_t operation,
                         std::span<const Parameters> parameters, std::span<std::byte> packed);

/// To the nearest bf16, ties to even; a NaN stays one.
std::uint16_t to_bf16(float value);
float from_bf16(std::uint16_t value);

}  // namespace npuwhisper::npu
