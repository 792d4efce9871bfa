// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace npuwhisper {

/// The operations of Whisper. All are row-major over [rows, columns]; a row is a position in time or a token.
enum class OpKind {
  Conv1d,           ///< Convolution over rows, zero padding (kernel - 1) / 2: weight [columns out, columns in, kernel].
  LayerNorm,        ///< Over columns: weight is gamma, bias is beta; epsilon 1e-5.
  Gemm,             ///< input * weight^T + bias: weight [columns out, columns in].
  Attention,        ///< Every row attends to every row; input is [rows, 3 * columns]: query, key, value.
  Embedding,        ///< Rows of `weight` by token plus rows of `position` by position (a step's rows name both).
  CachedAttention,  ///< As Attention, but keys and values join the row's own cache, and rows attend to that.
  CrossAttention,   ///< Queries from input, keys and values from the row's cross-attention buffer.
  StoreCrossCache,  ///< Input [rows, 2 * columns], keys and values, into the item's cross-attention buffer.
  SelectRows,       ///< Keeps the rows that want logits, in order.
};

enum class Activation { None, Gelu };  ///< Gelu: the exact one, with erf.

using TensorId = int;
inline constexpr TensorId kNoTensor = -1;

/// One value of the graph. Shapes are those of one batch item; rows is the most that a step may have where the number
/// varies from run to run.
struct TensorSpec {
  std::string name = {};
  int rows = 0;
  int columns = 0;
};

/// One operation: output = activation(op(input)) + position + residual.
struct Op {
  OpKind kind = OpKind::Gemm;
  std::string name = {};
  TensorId input = kNoTensor;
  TensorId output = kNoTensor;
  TensorId residual = kNoTensor;    ///< Added to the output.
  std::string weight = {};          ///< Names of variables of the model; empty: none.
  std::string bias = {};
  std::string position = {};        ///< [rows, columns], added row by row.
  Activation activation = Activation::None;
  int n_heads = 0;
  int kernel = 0;                   ///< Conv1d.
  int stride = 1;                   ///< Conv1d.
  /// Gemm: so many of the largest numbers of each row of the output come from `weight` as the model stores it, however
  /// the others are rounded.
  int n_exact_best = 0;
  int layer = 0;                    ///< Index of the decoder layer whose cache is meant.
  std::vector<int> captured_heads = {};   ///< CrossAttention: heads whose attention a run may ask for.
};

/// A static graph: operations in an order in which they can run. Plain data.
struct Graph {
  std::string name = {};
  std::vector<TensorSpec> tensors = {};
  std::vector<TensorId> inputs = {};    ///< Bound by the caller, in this order, for each batch item.
  std::vector<TensorId> outputs = {};   ///< After the inputs.
  std::vector<Op> ops = {};

  TensorId add_tensor(std::string tensor_name, int rows, int columns);
  const TensorSpec& tensor(TensorId id) const { return tensors[static_cast<std::size_t>(id)]; }
};

/// Floating-point operations of `op` for one batch item (a multiply-add counts as two). Cached and cross attention
/// depend on the run and count as 0.
double count_flops(const Graph& graph, const Op& op);

/// Index of the last operation that reads each tensor; -1 where none does, ops.size() for graph outputs.
std::vector<int> last_uses(const Graph& graph);

}  // namespace npuwhisper
