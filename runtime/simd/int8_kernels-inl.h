// SPDX-License-Identifier: LGPL-2.1-or-later
// The int8 product for one instruction set. int8_kernels.cpp includes this file once for each
// instruction set, in a namespace that has a struct Simd with the instructions. Therefore, this
// file has no #pragma once.

/// Multiplies one group of k of `Rows` rows by `Vectors` vectors of columns.
template <std::size_t Rows, std::size_t Vectors>
HWY_INLINE void multiply_tile(const Group& group, std::size_t row, std::size_t column,
                              float* sums) {
  // The upper parts have sums of their own if Simd::kSeparateSums; otherwise `upper` is unused.
  Simd::Ints upper[Rows][Vectors];
  Simd::Ints lower[Rows][Vectors];
  NPUWHISPER_UNROLL
  for (std::size_t m = 0; m < Rows; ++m) {
    NPUWHISPER_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
      upper[m][v] = Simd::set(0);
      lower[m][v] = Simd::set(-kInt8Offset * group.row_sums[row + m]);
    }
  }
  const std::int8_t* parts = group.parts + row * Int8Rows::kGroupBytes;
  const std::uint8_t* weights = group.weights + column * kInt8Depth;
  for (std::size_t k = 0; k < group.depth; k += kInt8Depth) {
    Simd::Bytes w[Vectors];
    NPUWHISPER_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
      const std::uint8_t* from = weights + k * kPanelColumns + v * Simd::kLanes * kInt8Depth;
      if constexpr (Rows == 1) prefetch_ahead(from);
      w[v] = Simd::load(from);
    }
    NPUWHISPER_UNROLL
    for (std::size_t m = 0; m < Rows; ++m) {
      const std::int8_t* from = parts + m * Int8Rows::kGroupBytes + k;
      const auto upper_part = Simd::broadcast(from);
      const auto lower_part = Simd::broadcast(from + kScaleGroup);
      NPUWHISPER_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) {
        lower[m][v] = Simd::add_lower(lower[m][v], w[v], lower_part);
        if constexpr (Simd::kSeparateSums) {
          upper[m][v] = Simd::add_upper(upper[m][v], w[v], upper_part);
        } else {
          lower[m][v] = Simd::add_upper(lower[m][v], w[v], upper_part);
        }
      }
    }
  }
  NPUWHISPER_UNROLL
  for (std::size_t m = 0; m < Rows; ++m) {
    NPUWHISPER_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
      const std::size_t at = column + v * Simd::kLanes;
      Simd::add_scaled(Simd::combine(upper[m][v], lower[m][v]),
                       group.scales != nullptr ? group.scales + at : nullptr,
                       group.row_scales[row + m], group.is_first,
                       sums + (row + m) * kPanelColumns + at);
    }
  }
}

template <std::size_t Rows>
HWY_INLINE void multiply_rows(const Group& group, std::size_t row, float* sums) {
  constexpr std::size_t kVectors = Simd::vectors(Rows);
  for (std::size_t column = 0; column < kPanelColumns; column += kVectors * Simd::kLanes) {
    multiply_tile<Rows, kVectors>(group, row, column, sums);
  }
}

/// Multiplies `n` rows, at most Simd::kRows.
template <std::size_t Rows = 1>
HWY_INLINE void multiply_some_rows(const Group& group, std::size_t row, std::size_t n,
                                   float* sums) {
  if constexpr (Rows < Simd::kRows) {
    if (n > Rows) return multiply_some_rows<Rows + 1>(group, row, n, sums);
  }
  multiply_rows<Rows>(group, row, sums);
}

void multiply(const Int8Rows& rows, const std::uint8_t* panel, const float* scales, float* sums) {
  // Tiles of nearly equal size take less time than full tiles and a small rest.
  const std::size_t n_rows = rows.n_rows();
  const std::size_t n_tiles = (n_rows + Simd::kRows - 1) / Simd::kRows;
  for (std::size_t g = 0; g < rows.n_groups(); ++g) {
    const Group group = group_of(rows, g, panel, scales);
    if (n_rows > 1) prefetch_group(group);
    for (std::size_t tile = 0; tile < n_tiles; ++tile) {
      const std::size_t row = tile * n_rows / n_tiles;
      multiply_some_rows(group, row, (tile + 1) * n_rows / n_tiles - row, sums);
    }
  }
}
