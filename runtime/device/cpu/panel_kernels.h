// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include "model/weights.h"

namespace npuwhisper::cpu {

/// A matrix product with few rows streams its right side once, so that side lies in panels of 64 columns:
/// element (k, n) of panel n / 64 at [k * 64 + n % 64], one cache line of int8 for each k. Compiled for each
/// instruction set and chosen at run time (Highway). Thread-safe.
inline constexpr std::size_t kPanelColumns = 64;

/// Successive k of int8 weights that share a scale in each column.
inline constexpr std::size_t kScaleGroup = 64;

/// sums[m * 64 + j] = sum over k of a[m * lda + k] * panel[k * 64 + j], for m < rows; type is I8, F16 or F32. `scales`,
/// for I8: [k / 64 rounded up, 64], multiplies the part of the sum over 64 successive k; nullptr: 1. f32 arithmetic.
void multiply_panel(const float* a, std::size_t lda, std::size_t rows, std::size_t k, const void* panel, DataType type,
                    const float* scales, float* sums);

/// What is done with 64 sums of one row.
struct PanelEpilogue {
  const float* bias = nullptr;       ///< [64], added; nullptr: 0.
  const float* residual = nullptr;   ///< [64], added last; nullptr: 0. May be `out`.
  bool gelu = false;
};

/// out[j] = epilogue(sums[j]) for j < n (at most 64). Changes sums.
void finish_panel(float* sums, const PanelEpilogue& epilogue, float* out, std::size_t n);

}  // namespace npuwhisper::cpu
