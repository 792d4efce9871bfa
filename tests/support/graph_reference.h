// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/segment.h>

#include "device/graph.h"
#include "device/window_positions.h"
#include "model/weights.h"

namespace npuwhisper::test {

/// The values of one tensor, row-major.
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;

  Matrix() = default;
  Matrix(std::size_t n_rows, std::size_t n_columns)
      : rows(n_rows), columns(n_columns), values(n_rows * n_columns) {}
  double* row(std::size_t i) { return values.data() + i * columns; }
  const double* row(std::size_t i) const { return values.data() + i * columns; }
};

/// Keys and values of one stream, by decoder layer: [cells or audio positions, n_state].
struct ReferenceCache {
  std::vector<Matrix> keys;
  std::vector<Matrix> values;
};

/// One row of a decoder step, like StepRow (device/device.h).
struct ReferenceRow {
  Token token = 0;
  int position = 0;
  int cell = 0;
  std::vector<int> cells;
  ReferenceCache* self = nullptr;
  const ReferenceCache* cross = nullptr;
};

/// The result of a step for one row.
struct ReferenceResult {
  std::vector<double> logits;                  ///< [n_vocab]
  std::vector<std::vector<double>> attention;  ///< [captured head, in the graph's order][key]
};

/// A plain interpreter of graphs in double precision. Its results define the correct results of
/// every device. It implements device/graph.h and the papers (Radford et al. 2022, section 2.2;
/// Vaswani et al. 2017), and shares no arithmetic with any device. Throws std::runtime_error for
/// invalid graphs or weights.
class GraphReference {
 public:
  /// `weights` must outlive this object.
  GraphReference(Graph graph, const Weights& weights)
      : graph_(std::move(graph)), weights_(weights) {}

  /// Restricts later windows to `positions` of the `n_all` positions. The whole convolution is
  /// computed before its rows are selected. {} keeps all positions.
  void keep(const WindowPositions& positions, int n_all);

  /// Runs a graph over windows for one batch item. `inputs` are the graph's inputs in order.
  /// Returns the graph's outputs in order. StoreCrossCache operations store to `cross`.
  std::vector<Matrix> run_window(std::span<const Matrix> inputs, ReferenceCache* cross = nullptr);

  /// Runs one step of a decoder graph. Every row gets logits.
  std::vector<ReferenceResult> run_step(std::span<const ReferenceRow> rows);

 private:
  const std::vector<double>& weight(const std::string& name);
  Matrix layer_norm(const Op& op, const Matrix& in);
  Matrix multiply(const Op& op, const Matrix& in);
  Matrix convolve(const Op& op, const Matrix& in);
  Matrix embed(const Op& op, std::span<const ReferenceRow> rows);
  Matrix attend_to_cache(const Op& op, const Matrix& in, std::span<const ReferenceRow> rows);
  Matrix attend_across(const Op& op, const Matrix& in, std::span<const ReferenceRow> rows,
                       std::vector<ReferenceResult>& results);
  void finish(const Op& op, Matrix& out, const std::vector<Matrix>& tensors);

  Graph graph_;
  const Weights& weights_;
  std::vector<std::size_t> kept_;  // The positions that are kept, or empty if all are kept.
  std::size_t n_dense_ = std::numeric_limits<std::size_t>::max();
  double log_weight_ = 0;  // Added to the scores of positions from n_dense_ on.
  std::map<std::string, std::vector<double>> read_;  // Weights that weight() has read.
};

}  // namespace npuwhisper::test
