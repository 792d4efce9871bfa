// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <vector>

/// What the encoder's core functions compute, in plain C++ and double: the definition of correct.
/// Matrices are row-major. No tiles, no blocks, no rounding but the inputs' own.
namespace npuwhisper::npu::reference {

struct Matrix {
  Matrix(int n_rows, int n_columns)
      : rows(n_rows),
        columns(n_columns),
        values(static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(n_columns)) {}
  double& at(int row, int column) { return values[index(row, column)]; }
  double at(int row, int column) const { return values[index(row, column)]; }
  std::size_t index(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
           static_cast<std::size_t>(column);
  }

  int rows, columns;
  std::vector<double> values;
};

/// 0.5 y (1 + erf(y / sqrt 2))
double gelu(double y);

/// A [m, k] times B [k, n].
Matrix product(const Matrix& a, const Matrix& b);

/// A row as a core with int8 weights rounds it, tile by tile of 64 columns: `values` are integers
/// from -127 to 127, to the nearest, ties to even, in units of 2^(e - 6), at least 2^-126; e is the
/// exponent of the tile's largest magnitude in that row, or one more where that would become 128.
struct RoundedTile {
  std::vector<int> values;  ///< 64
  double unit;
};
RoundedTile round_row(const Matrix& a, int row, int tile);

/// A [m, k] rounded by round_row(), times integers B [k, n], times `scales` [n].
Matrix int8_product(const Matrix& a, const Matrix& b, const std::vector<double>& scales);

struct Epilogue {
  std::vector<double> bias{};  ///< [n]; empty: none.
  bool gelu = false;
  const Matrix* residual = nullptr;  ///< [m, n], added last.
};
Matrix finish(const Matrix& sums, const Epilogue& epilogue);

/// (row - mean) / sqrt(variance + epsilon) over `features` columns, for all columns. Columns beyond
/// the features are padding, and zero in `x`.
Matrix normalise(const Matrix& x, int features, double epsilon);

/// softmax(Q K^T) V over the first `n_keys` keys. Q [m, d], K [t, d], V [t, d].
Matrix attention(const Matrix& q, const Matrix& k, const Matrix& v, int n_keys);

}  // namespace npuwhisper::npu::reference
