// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <npuwhisper/result.h>

#include "design/plan.h"

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
  std::span<const float> gamma{};  ///< [k]; product: only if it is normalised
  std::span<const float> beta{};   ///< [k]
};

/// Writes the panels of operation number `operation` into `packed`, the packed buffer of the whole
/// plan (plan.packed_bytes). A panel has a header and weights, in the order in which the memory
/// tile's descriptors read them. `parameters` has one element for each part of a product, one for a
/// layer norm, none for attention and spectrum. Errors: InvalidArgument (sizes). Calls for
/// different operations may run simultaneously.
///
/// The part's scale and gamma are folded into the weights, in f32 or better, before the weights are
/// rounded to bf16 or int8. The scale and weights * beta are folded into the bias. Column sums are
/// sums of the rounded weights, so that they cancel the mean exactly. For int8, a column's scale is
/// its largest magnitude / 127, and its weights are the nearest multiples of the scale, ties to
/// even.
Result<void> pack_panels(const Plan& plan, std::size_t operation,
                         std::span<const Parameters> parameters, std::span<std::byte> packed);

/// Rounds to the nearest bf16, ties to even; a NaN stays a NaN.
std::uint16_t to_bf16(float value);
float from_bf16(std::uint16_t value);

}  // namespace npuwhisper::npu
