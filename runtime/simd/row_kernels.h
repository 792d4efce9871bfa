// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "simd/data_type.h"

namespace npuwhisper::cpu {

/// Kernels over rows of numbers, compiled for each instruction set and chosen at run time
/// (Highway). Pointers need no alignment; "bf16" is the upper half of a float, rounded to nearest
/// even. Thread-safe.

/// Computes out[i] = (in[i] - mean) / sqrt(variance + 1e-5) * gamma[i] + beta[i]; out is f32 or
/// bf16.
void layer_norm(const float* in, std::size_t n, const float* gamma, const float* beta, void* out,
                DataType out_type);

/// Converts between f32 and bf16: out[i] = in[i]. Copies `in` if the types are equal.
void convert(const void* in, DataType in_type, void* out, DataType out_type, std::size_t n);

/// Computes out[i] = exp(scale * in[i] - max over i of scale * in[i]) and returns the sum of out
/// (before rounding to out's type). out is f32 or bf16 and may be `in` itself. scale > 0. The
/// relative error of the exponentials is less than 2e-6 if out is f32. If out is bf16, it is less
/// than 5e-6 before rounding.
float exponentiate(const float* in, std::size_t n, float scale, void* out, DataType out_type);

/// Computes out[i] = in[i] * factor; out is f32 or bf16.
void scale_row(const float* in, std::size_t n, float factor, void* out, DataType out_type);

/// Replaces each x by gelu(x) = x * (1 + erf(x / sqrt 2)) / 2, with an error of at most 5e-7.
void gelu(float* x, std::size_t n);

/// Returns the dot product of `a` and `b`, which have `n` numbers each. `a` is f32. `b` is f32 or
/// f16, with finite values only.
float dot(const float* a, const void* b, DataType b_type, std::size_t n);

/// Computes sum[i] += factor * in[i]; in is f16 (finite) or f32.
void add_scaled(float factor, const void* in, DataType in_type, float* sum, std::size_t n);

/// Rows of numbers in memory that the caller owns.
struct StoredRows {
  const std::byte* first;  ///< Row 0.
  std::size_t stride;      ///< Distance between successive rows, in bytes.
  DataType type;           ///< F16 (finite values only) or F32.
  std::size_t n;           ///< Number of numbers in a row.
};

/// Computes out[i] = the dot product of `a`, [rows.n] f32, and row indices[i].
void dot_rows(const float* a, const StoredRows& rows, std::span<const int> indices, float* out);

/// Computes sum[j] = sum over i of factors[i] * row indices[i][j], for j < rows.n.
void sum_scaled_rows(const float* factors, const StoredRows& rows, std::span<const int> indices,
                     float* sum);

/// Computes out[i] = in[i] as f16 or f32. Rounds to f16 with ties to even on CPUs with AVX2, which
/// have an instruction for this rounding. Truncates on other CPUs.
void store_row(const float* in, void* out, DataType out_type, std::size_t n);

}  // namespace npuwhisper::cpu
