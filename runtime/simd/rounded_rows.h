// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "simd/data_type.h"

namespace npuwhisper::cpu {

/// Kernels for products of rows and weights that are both rounded to 8 bits. A few columns of an
/// encoder's rows are many times larger than the others, so rounding with one scale for a row would
/// leave few bits for most columns. Rows and weights are therefore rotated first, which spreads
/// large columns over many columns and does not change the products: (Q x)(Q w) = x w for an
/// orthogonal Q. Q is a Hadamard transform, as in QuaRot (Ashkboos et al., 2024). Its groups
/// consist of up to 32 columns that are 16 columns apart. Compiled for each instruction set and
/// chosen at run time (Highway). Pointers need no alignment. Thread-safe.

/// The depth k and the number of columns n of products are multiples of this number.
inline constexpr std::size_t kRoundedStep = 16;
/// The largest magnitude of a row or weight is rounded to this number.
inline constexpr float kLargestRounded = 127;

/// Returns the number of columns that rotate() combines in rows of k numbers: a power of two, at
/// most 32.
std::size_t rotated_columns(std::size_t k);

/// Rotates a row of k numbers in place. The norm grows by the factor sqrt(rotated_columns(k)).
void rotate(float* row, std::size_t k);

/// The scale and the mean of a row of k numbers that was rounded to 8 bits. If the
/// mean is subtracted from the row and the row is then rotated, the result is approximately
/// scale * (values - 128).
struct RoundedRow {
  float scale = 0;
  float mean = 0;
};

/// Subtracts the mean of a row, rotates the row and rounds it to 8 bits. `in`: [k], f32 or bf16.
/// `rotated`: [k], receives the rotated row. `values`: [k], receives the rounded numbers plus 128,
/// 1 to 255.
RoundedRow round_row(const void* in, DataType in_type, std::size_t k, float* rotated,
                     std::uint8_t* values);

/// The columns of a product with rounded weights. Pointers have one element for each column.
struct RoundedColumns {
  const float* scales;          ///< Factor of a column's integer sums.
  const std::int32_t* offsets;  ///< 128 times the sum of a column's integer weights.
  const float* totals;          ///< Sum of a column's weights.
  const float* bias;            ///< nullptr: no bias.

  RoundedColumns from(std::size_t column) const {
    return {scales + column, offsets + column, totals + column,
            bias != nullptr ? bias + column : nullptr};
  }
};

/// Finishes the n columns of one row of a product. `sums`: [n], the products of the row's values
/// and the integer weights. Adds the bias and applies GELU if `gelu` is set. `out`: [n], f32 or
/// bf16, receives the result. If `accumulate` is set, out is f32 and the result is added to it.
void finish_rounded(const std::int32_t* sums, const RoundedRow& row, const RoundedColumns& columns,
                    bool gelu, bool accumulate, void* out, DataType out_type, std::size_t n);

/// A weight matrix [n, k] whose rows are rotated and rounded to 8 bits. The integers of a row are
/// the rotated row * 127 / its largest magnitude.
class RoundedWeight {
 public:
  /// Creates a matrix of zeros. Throws std::bad_alloc.
  RoundedWeight(std::size_t n, std::size_t k);

  /// Rounds row i of the matrix. `row`: [k], overwritten. Threads may round different rows at the
  /// same time. Must not be called after release_values().
  void round(std::size_t i, std::span<float> row);
  /// Returns the integers, [n, k]; nullptr after release_values().
  const std::int8_t* values() const { return values_.data(); }
  /// Releases the memory of the integers, which are not needed after they have been packed.
  void release_values() { std::vector<std::int8_t>().swap(values_); }
  /// Returns the columns of products with this matrix. `bias`: [n]; nullptr: none.
  RoundedColumns columns(const float* bias) const {
    return {scales_.data(), offsets_.data(), totals_.data(), bias};
  }
  std::size_t bytes() const { return bytes(scales_.size()); }
  /// Returns bytes() of a matrix of n rows after release_values().
  static std::size_t bytes(std::size_t n) { return n * (2 * sizeof(float) + sizeof(std::int32_t)); }

 private:
  std::size_t k_;
  std::vector<std::int8_t> values_;
  std::vector<float> scales_;
  std::vector<std::int32_t> offsets_;
  std::vector<float> totals_;
};

}  // namespace npuwhisper::cpu
