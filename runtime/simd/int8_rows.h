// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/aligned.h"

namespace npuwhisper::cpu {

/// Number of successive k, in rows and in int8 weights, that share a scale.
inline constexpr std::size_t kScaleGroup = 64;

/// The left side of products with int8 panels (int8_kernels.h). Each group of 64 numbers of a row
/// is rounded to integers q of 14 bits: x = scale * q, with |q| at most kLargestInt. The scale is
/// the group's largest |x| divided by kLargestInt. An integer is stored in two parts, q = 128 *
/// upper + lower, with -64 <= upper, lower <= 64. A product of such a part with an unsigned byte
/// fits the 16-bit sums of AVX2 (VPMADDUBSW), so all instruction sets compute with the same
/// numbers. A group that contains infinity or NaN has the scale NaN. Not thread-safe.
class Int8Rows {
 public:
  static constexpr int kLargestInt = 8191;
  static constexpr int kUpperFactor = 128;
  /// Bytes of one group of one row: 64 upper parts, then 64 lower parts.
  static constexpr std::size_t kGroupBytes = 2 * kScaleGroup;

  Int8Rows() = default;
  /// Allocates memory for at most [max_rows, max_k] numbers. Throws std::bad_alloc.
  Int8Rows(std::size_t max_rows, std::size_t max_k);

  /// Returns how many rows of `k` numbers the allocated memory can hold.
  std::size_t max_rows(std::size_t k) const;
  std::size_t bytes() const { return parts_.size() + scales_.size() + sums_.size(); }

  /// Rounds and copies `n_rows` rows of `k` numbers, which begin `lda` numbers apart. Numbers
  /// beyond `k` count as 0.
  void set(const float* a, std::size_t lda, std::size_t n_rows, std::size_t k);

  std::size_t n_rows() const { return n_rows_; }
  std::size_t k() const { return k_; }
  std::size_t n_groups() const { return (k_ + kScaleGroup - 1) / kScaleGroup; }
  /// Returns the parts of one group of row 0. The rows are kGroupBytes apart. The memory has a
  /// multiple of 16 rows; rows from n_rows() on have no meaning.
  const std::int8_t* parts(std::size_t group) const {
    return parts_.as<std::int8_t>() + group * padded_rows_ * kGroupBytes;
  }
  /// Returns one group's scales, one for each row.
  const float* scales(std::size_t group) const {
    return scales_.as<float>() + group * padded_rows_;
  }
  /// Returns one group's sums of q, one for each row.
  const std::int32_t* sums(std::size_t group) const {
    return sums_.as<std::int32_t>() + group * padded_rows_;
  }

 private:
  AlignedBytes parts_;   // [group][row][upper, lower][64]
  AlignedBytes scales_;  // f32 [group][row]
  AlignedBytes sums_;    // i32 [group][row]
  std::size_t n_rows_ = 0;
  std::size_t padded_rows_ = 0;
  std::size_t k_ = 0;
};

}  // namespace npuwhisper::cpu
