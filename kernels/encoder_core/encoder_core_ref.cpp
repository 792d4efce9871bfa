// SPDX-License-Identifier: LGPL-2.1-or-later
#include "encoder_core/encoder_core_ref.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace npuwhisper::npu::reference {
namespace {

constexpr int kTileColumns = 64;

}  // namespace

std::vector<float> floats(const Matrix& matrix) {
  return {matrix.values.begin(), matrix.values.end()};
}

Matrix transposed(const Matrix& matrix) {
  Matrix result(matrix.columns, matrix.rows);
  for (int r = 0; r < matrix.rows; ++r) {
    for (int c = 0; c < matrix.columns; ++c) result.at(c, r) = matrix.at(r, c);
  }
  return result;
}

double gelu(double y) {
  return 0.5 * y * std::erfc(-y / std::sqrt(2.0));
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.rows, b.columns);
  for (int m = 0; m < a.rows; ++m) {
    for (int k = 0; k < a.columns; ++k) {
      for (int n = 0; n < b.columns; ++n) c.at(m, n) += a.at(m, k) * b.at(k, n);
    }
  }
  return c;
}

RoundedTile round_row(const Matrix& a, int row, int tile) {
  const int first = tile * kTileColumns;
  double largest = 0;
  for (int k = 0; k < kTileColumns; ++k)
    largest = std::max(largest, std::fabs(a.at(row, first + k)));
  int exponent = largest > 0 ? std::max(std::ilogb(largest), -120) : -120;
  if (std::nearbyint(std::ldexp(largest, 6 - exponent)) > 127) ++exponent;
  RoundedTile rounded{.values = {}, .unit = std::ldexp(1.0, exponent - 6)};
  for (int k = 0; k < kTileColumns; ++k) {
    // In the default mode, nearbyint() rounds ties to even.
    rounded.values.push_back(static_cast<int>(std::nearbyint(a.at(row, first + k) / rounded.unit)));
  }
  return rounded;
}

Matrix int8_product(const Matrix& a, const Matrix& b, const std::vector<double>& scales) {
  Matrix c(a.rows, b.columns);
  for (int m = 0; m < a.rows; ++m) {
    for (int tile = 0; tile < a.columns / kTileColumns; ++tile) {
      const RoundedTile rounded = round_row(a, m, tile);
      for (int n = 0; n < b.columns; ++n) {
        int sum = 0;
        for (int k = 0; k < kTileColumns; ++k) {
          sum += rounded.values[static_cast<std::size_t>(k)] *
                 static_cast<int>(b.at(tile * kTileColumns + k, n));
        }
        c.at(m, n) += sum * rounded.unit * scales[static_cast<std::size_t>(n)];
      }
    }
  }
  return c;
}

Matrix finish(const Matrix& sums, const Epilogue& epilogue) {
  Matrix y = sums;
  for (int m = 0; m < y.rows; ++m) {
    for (int n = 0; n < y.columns; ++n) {
      double& value = y.at(m, n);
      if (!epilogue.bias.empty()) value += epilogue.bias[static_cast<std::size_t>(n)];
      if (epilogue.gelu) value = gelu(value);
      if (epilogue.residual) value += epilogue.residual->at(m, n);
    }
  }
  return y;
}

Matrix normalise(const Matrix& x, int features, double epsilon) {
  Matrix y = x;
  for (int m = 0; m < x.rows; ++m) {
    double sum = 0;
    double squares = 0;
    for (int n = 0; n < features; ++n) sum += x.at(m, n);
    const double mean = sum / features;
    for (int n = 0; n < features; ++n) squares += (x.at(m, n) - mean) * (x.at(m, n) - mean);
    const double deviation = std::sqrt(squares / features + epsilon);
    for (int n = 0; n < x.columns; ++n) y.at(m, n) = (x.at(m, n) - mean) / deviation;
  }
  return y;
}

Matrix attention(const Matrix& q, const Matrix& k, const Matrix& v, int n_keys) {
  Matrix y(q.rows, v.columns);
  std::vector<double> weights(static_cast<std::size_t>(n_keys));
  for (int m = 0; m < q.rows; ++m) {
    double largest = -std::numeric_limits<double>::infinity();
    for (int t = 0; t < n_keys; ++t) {
      double score = 0;
      for (int d = 0; d < q.columns; ++d) score += q.at(m, d) * k.at(t, d);
      weights[static_cast<std::size_t>(t)] = score;
      largest = std::max(largest, score);
    }
    double total = 0;
    for (double& weight : weights) total += weight = std::exp(weight - largest);
    for (int t = 0; t < n_keys; ++t) {
      const double weight = weights[static_cast<std::size_t>(t)] / total;
      for (int n = 0; n < v.columns; ++n) y.at(m, n) += weight * v.at(t, n);
    }
  }
  return y;
}

}  // namespace npuwhisper::npu::reference
