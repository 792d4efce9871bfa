// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <vector>

/// Reference implementation of the encoder's core functions, in plain C++. It computes in double
/// and defines the correct results. Matrices are row-major, without blocks. Callers round the
/// inputs. Only round_row() and int8_product() round values, one tile of a row at a time.
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

/// Returns the values, rounded to f32.
std::vector<float> floats(const Matrix& matrix);

Matrix transposed(const Matrix& matrix);

/// Returns 0.5 y (1 + erf(y / sqrt 2)).
double gelu(double y);

/// Returns A [m, k] times B [k, n].
Matrix product(const Matrix& a, const Matrix& b);

/// 64 columns (a tile) of a row, rounded as a core rounds A for int8 weights. `values` are integers
/// from -127 to 127, rounded to nearest, ties to even. `unit` is 2^(e - 6), at least 2^-126. In
/// this formula, e is the exponent of the largest magnitude in these columns. If that magnitude
/// would be rounded to 128, e is increased by one.
struct RoundedTile {
  std::vector<int> values;  ///< 64 integers.
  double unit;
};
RoundedTile round_row(const Matrix& a, int row, int tile);

/// Returns A [m, k], rounded by round_row(), times integers B [k, n], times `scales` [n].
Matrix int8_product(const Matrix& a, const Matrix& b, const std::vector<double>& scales);

struct Epilogue {
  std::vector<double> bias{};  ///< n values for each row; empty for no bias.
  bool gelu = false;
  const Matrix* residual = nullptr;  ///< Added last, [m, n]; may be nullptr.
};
Matrix finish(const Matrix& sums, const Epilogue& epilogue);

/// Returns (row - mean) / sqrt(variance + epsilon) for all columns, with mean and variance over the
/// first `features` columns. Columns beyond them are padding, and zero in `x`.
Matrix normalise(const Matrix& x, int features, double epsilon);

/// Returns softmax(Q K^T) V over the first `n_keys` keys. The shapes are Q [m, d], K [t, d] and V
/// [t, d].
Matrix attention(const Matrix& q, const Matrix& k, const Matrix& v, int n_keys);

}  // namespace npuwhisper::npu::reference
