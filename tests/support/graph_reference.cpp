// SPDX-License-Identifier: LGPL-2.1-or-later
#include "graph_reference.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace npuwhisper::test {
namespace {

/// Replaces the scores with the weights of their softmax.
void softmax(std::vector<double>& scores) {
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - largest);
  for (double& score : scores) score /= sum;
}

double dot(const double* a, const double* b, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// Computes the attention of one query of one head to the keys and values at the given addresses.
/// The query and each key and value have `width` numbers. Adds the weighted sum of the values to
/// `out` and returns the weights. Adds log_weight to the scores of keys n_dense and up.
std::vector<double> attend(const double* query, const std::vector<const double*>& keys,
                           const std::vector<const double*>& values, std::size_t width, double* out,
                           std::size_t n_dense, double log_weight) {
  std::vector<double> weights(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    weights[i] = dot(query, keys[i], width) / std::sqrt(static_cast<double>(width));
    if (i >= n_dense) weights[i] += log_weight;
  }
  softmax(weights);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < width; ++j) out[j] += weights[i] * values[i][j];
  }
  return weights;
}

/// Returns the address of column `first` in every row.
std::vector<const double*> column_block(const Matrix& matrix, std::size_t first) {
  std::vector<const double*> rows(matrix.rows);
  for (std::size_t i = 0; i < matrix.rows; ++i) rows[i] = matrix.row(i) + first;
  return rows;
}

Matrix attend_to_all(const Op& op, const Matrix& in, std::size_t n_dense, double log_weight) {
  Matrix out(in.rows, in.columns / 3);
  const auto n_heads = static_cast<std::size_t>(op.n_heads);
  const std::size_t width = out.columns / n_heads;
  for (std::size_t head = 0; head < n_heads; ++head) {
    const auto keys = column_block(in, out.columns + head * width);
    const auto values = column_block(in, 2 * out.columns + head * width);
    for (std::size_t i = 0; i < in.rows; ++i) {
      attend(in.row(i) + head * width, keys, values, width, out.row(i) + head * width, n_dense,
             log_weight);
    }
  }
  return out;
}

/// Grows `cache` so that it has an entry for `layer`.
void grow(ReferenceCache& cache, int layer) {
  const auto n = static_cast<std::size_t>(layer) + 1;
  if (cache.keys.size() < n) cache.keys.resize(n);
  if (cache.values.size() < n) cache.values.resize(n);
}

void put_row(Matrix& matrix, std::size_t row, const double* values, std::size_t columns) {
  matrix.columns = columns;
  if (matrix.rows <= row) {
    matrix.rows = row + 1;
    matrix.values.resize(matrix.rows * columns);
  }
  std::copy_n(values, columns, matrix.row(row));
}

void store_cross(const Op& op, const Matrix& in, ReferenceCache& cache) {
  grow(cache, op.layer);
  const auto layer = static_cast<std::size_t>(op.layer);
  for (std::size_t i = 0; i < in.rows; ++i) {
    put_row(cache.keys[layer], i, in.row(i), in.columns / 2);
    put_row(cache.values[layer], i, in.row(i) + in.columns / 2, in.columns / 2);
  }
}

Matrix rows_of(const Matrix& all, const std::vector<std::size_t>& rows) {
  Matrix kept(rows.size(), all.columns);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(all.row(rows[i]), all.columns, kept.row(i));
  }
  return kept;
}

}  // namespace

void GraphReference::keep(const WindowPositions& positions, int n_all) {
  kept_.clear();
  if (positions.is_all()) return;
  n_dense_ = static_cast<std::size_t>(positions.dense);
  // Keeps the middle position of each stretch.
  const double stretch = static_cast<double>(n_all - positions.dense) / positions.sparse;
  log_weight_ = std::log(stretch);
  for (std::size_t i = 0; i < n_dense_; ++i) kept_.push_back(i);
  for (int i = 0; i < positions.sparse; ++i) {
    kept_.push_back(static_cast<std::size_t>(positions.dense + (i + 0.5) * stretch + 1e-9));
  }
}

const std::vector<double>& GraphReference::weight(const std::string& name) {
  std::vector<double>& values = read_[name];
  if (values.empty()) {
    const Variable* variable = weights_.find(name);
    if (variable == nullptr) throw std::runtime_error("no variable '" + name + "'");
    const auto read = weights_.read(*variable);
    if (!read) throw std::runtime_error(read.error().message);
    values.assign(read->begin(), read->end());
  }
  return values;
}

Matrix GraphReference::layer_norm(const Op& op, const Matrix& in) {
  const std::vector<double>& gamma = weight(op.weight);
  const std::vector<double>& beta = weight(op.bias);
  const auto n = static_cast<double>(in.columns);
  Matrix out(in.rows, in.columns);
  for (std::size_t i = 0; i < in.rows; ++i) {
    const double* x = in.row(i);
    double mean = 0;
    for (std::size_t j = 0; j < in.columns; ++j) mean += x[j] / n;
    double variance = 0;
    for (std::size_t j = 0; j < in.columns; ++j) variance += (x[j] - mean) * (x[j] - mean) / n;
    for (std::size_t j = 0; j < in.columns; ++j) {
      out.row(i)[j] = (x[j] - mean) / std::sqrt(variance + 1e-5) * gamma[j] + beta[j];
    }
  }
  return out;
}

Matrix GraphReference::multiply(const Op& op, const Matrix& in) {
  const std::vector<double>& w = weight(op.weight);
  Matrix out(in.rows, w.size() / in.columns);
  for (std::size_t i = 0; i < in.rows; ++i) {
    for (std::size_t j = 0; j < out.columns; ++j) {
      out.row(i)[j] = dot(in.row(i), w.data() + j * in.columns, in.columns);
    }
  }
  return out;
}

Matrix GraphReference::convolve(const Op& op, const Matrix& in) {
  const std::vector<double>& w = weight(op.weight);
  const auto kernel = static_cast<std::size_t>(op.kernel);
  const auto stride = static_cast<std::size_t>(op.stride);
  const std::size_t padding = (kernel - 1) / 2;
  Matrix out((in.rows - 1) / stride + 1, w.size() / (in.columns * kernel));
  for (std::size_t tap = 0; tap < kernel; ++tap) {
    for (std::size_t o = 0; o < out.columns; ++o) {
      std::vector<double> weights(in.columns);
      for (std::size_t i = 0; i < in.columns; ++i)
        weights[i] = w[(o * in.columns + i) * kernel + tap];
      for (std::size_t row = 0; row < out.rows; ++row) {
        const std::size_t source = row * stride + tap;
        if (source < padding || source - padding >= in.rows) continue;
        out.row(row)[o] += dot(in.row(source - padding), weights.data(), in.columns);
      }
    }
  }
  return out;
}

void GraphReference::finish(const Op& op, Matrix& out, const std::vector<Matrix>& tensors) {
  const double* bias =
      op.bias.empty() || op.kind == OpKind::LayerNorm ? nullptr : weight(op.bias).data();
  const double* position =
      op.position.empty() || op.kind == OpKind::Embedding ? nullptr : weight(op.position).data();
  for (std::size_t i = 0; i < out.rows; ++i) {
    for (std::size_t j = 0; j < out.columns; ++j) {
      double& x = out.row(i)[j];
      if (bias != nullptr) x += bias[j];
      if (op.activation == Activation::Gelu) x = 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
      if (position != nullptr) x += position[i * out.columns + j];
      if (op.residual != kNoTensor) x += tensors[static_cast<std::size_t>(op.residual)].row(i)[j];
    }
  }
}

std::vector<Matrix> GraphReference::run_window(std::span<const Matrix> inputs,
                                               ReferenceCache* cross) {
  std::vector<Matrix> tensors(graph_.tensors.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    tensors[static_cast<std::size_t>(graph_.inputs[i])] = inputs[i];
  }
  for (const Op& op : graph_.ops) {
    const Matrix& in = tensors.at(static_cast<std::size_t>(op.input));
    Matrix out;
    switch (op.kind) {
      case OpKind::Conv1d:
        out = convolve(op, in);
        break;
      case OpKind::LayerNorm:
        out = layer_norm(op, in);
        break;
      case OpKind::Gemm:
        out = multiply(op, in);
        break;
      case OpKind::Attention:
        out = attend_to_all(op, in, n_dense_, log_weight_);
        break;
      case OpKind::StoreCrossCache:
        store_cross(op, in, *cross);
        continue;
      default:
        throw std::runtime_error(op.name + ": not an operation over windows");
    }
    finish(op, out, tensors);
    if (op.kind == OpKind::Conv1d && op.stride == 2 && !kept_.empty()) out = rows_of(out, kept_);
    tensors[static_cast<std::size_t>(op.output)] = std::move(out);
  }
  std::vector<Matrix> outputs;
  for (const TensorId id : graph_.outputs) outputs.push_back(tensors[static_cast<std::size_t>(id)]);
  return outputs;
}

Matrix GraphReference::embed(const Op& op, std::span<const ReferenceRow> rows) {
  const auto columns = static_cast<std::size_t>(graph_.tensor(op.output).columns);
  const std::vector<double>& tokens = weight(op.weight);
  const std::vector<double>& positions = weight(op.position);
  Matrix out(rows.size(), columns);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      out.row(i)[j] = tokens.at(static_cast<std::size_t>(rows[i].token) * columns + j) +
                      positions.at(static_cast<std::size_t>(rows[i].position) * columns + j);
    }
  }
  return out;
}

Matrix GraphReference::attend_to_cache(const Op& op, const Matrix& in,
                                       std::span<const ReferenceRow> rows) {
  Matrix out(in.rows, in.columns / 3);
  const auto layer = static_cast<std::size_t>(op.layer);
  for (std::size_t i = 0; i < in.rows; ++i) {
    grow(*rows[i].self, op.layer);
    const auto cell = static_cast<std::size_t>(rows[i].cell);
    put_row(rows[i].self->keys[layer], cell, in.row(i) + out.columns, out.columns);
    put_row(rows[i].self->values[layer], cell, in.row(i) + 2 * out.columns, out.columns);
  }
  const std::size_t width = out.columns / static_cast<std::size_t>(op.n_heads);
  for (std::size_t i = 0; i < in.rows; ++i) {
    for (std::size_t column = 0; column < out.columns; column += width) {
      std::vector<const double*> keys, values;
      for (const int cell : rows[i].cells) {
        keys.push_back(rows[i].self->keys[layer].row(static_cast<std::size_t>(cell)) + column);
        values.push_back(rows[i].self->values[layer].row(static_cast<std::size_t>(cell)) + column);
      }
      attend(in.row(i) + column, keys, values, width, out.row(i) + column, keys.size(), 0);
    }
  }
  return out;
}

Matrix GraphReference::attend_across(const Op& op, const Matrix& in,
                                     std::span<const ReferenceRow> rows,
                                     std::vector<ReferenceResult>& results) {
  Matrix out(in.rows, in.columns);
  const auto layer = static_cast<std::size_t>(op.layer);
  const std::size_t width = out.columns / static_cast<std::size_t>(op.n_heads);
  for (std::size_t i = 0; i < in.rows; ++i) {
    std::vector<std::vector<double>> weights;
    for (std::size_t column = 0; column < out.columns; column += width) {
      weights.push_back(attend(in.row(i) + column, column_block(rows[i].cross->keys[layer], column),
                               column_block(rows[i].cross->values[layer], column), width,
                               out.row(i) + column, n_dense_, log_weight_));
    }
    for (const int head : op.captured_heads) {
      results[i].attention.push_back(weights[static_cast<std::size_t>(head)]);
    }
  }
  return out;
}

std::vector<ReferenceResult> GraphReference::run_step(std::span<const ReferenceRow> rows) {
  std::vector<ReferenceResult> results(rows.size());
  std::vector<Matrix> tensors(graph_.tensors.size());
  for (const Op& op : graph_.ops) {
    const Matrix& in = tensors.at(static_cast<std::size_t>(std::max(op.input, 0)));
    Matrix out;
    switch (op.kind) {
      case OpKind::Embedding:
        out = embed(op, rows);
        break;
      case OpKind::LayerNorm:
        out = layer_norm(op, in);
        break;
      case OpKind::Gemm:
        out = multiply(op, in);
        break;
      case OpKind::CachedAttention:
        out = attend_to_cache(op, in, rows);
        break;
      case OpKind::CrossAttention:
        out = attend_across(op, in, rows, results);
        break;
      case OpKind::SelectRows:
        out = in;
        break;
      default:
        throw std::runtime_error(op.name + ": not an operation of a decoder step");
    }
    finish(op, out, tensors);
    tensors[static_cast<std::size_t>(op.output)] = std::move(out);
  }
  const Matrix& logits = tensors.at(static_cast<std::size_t>(graph_.outputs.at(0)));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    results[i].logits.assign(logits.row(i), logits.row(i) + logits.columns);
  }
  return results;
}

}  // namespace npuwhisper::test
