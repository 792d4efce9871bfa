// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include "simd/data_type.h"

namespace npuwhisper::cpu {

/// Columns per panel. A matrix product with few rows streams its right side once, so the right side
/// is stored in panels of 64 columns. In f32 and f16, element (k, n) is at [k * 64 + n % 64] of
/// panel n / 64. Int8 panels have another order (int8_kernels.h). The kernels are compiled for each
/// instruction set and chosen at run time (Highway). They are thread-safe.
inline constexpr std::size_t kPanelColumns = 64;

/// Multiplies rows by a panel of type F16 or F32, in f32 arithmetic. For m < rows: sums[m * 64 + j]
/// = sum over k of a[m * lda + k] * panel[k * 64 + j].
void multiply_panel(const float* a, std::size_t lda, std::size_t rows, std::size_t k,
                    const void* panel, DataType type, float* sums);

/// The operations that finish_panel() applies to the sums of one row: adds `bias`, applies GELU if
/// `gelu` is set, and adds `residual`, in this order.
struct PanelEpilogue {
  const float* bias = nullptr;  ///< [64]; nullptr: no bias.
  /// [n], with the `n` of finish_panel(); nullptr: no residual. May be `out`.
  const float* residual = nullptr;
  bool gelu = false;
};

/// Computes out[j] = epilogue(sums[j]) for j < n (at most 64). Modifies `sums`.
void finish_panel(float* sums, const PanelEpilogue& epilogue, float* out, std::size_t n);

}  // namespace npuwhisper::cpu
