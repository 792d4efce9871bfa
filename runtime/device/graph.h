// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace npuwhisper {

/// The operations of Whisper. Their tensors are row-major [rows, columns]; a row is a position in
/// time or a token.
enum class OpKind {
  Conv1d,     ///< Convolution over rows with (kernel - 1) / 2 rows of zero padding at each end. The
              ///< weight has the shape [output columns, input columns, kernel].
  LayerNorm,  ///< Normalises each row. `weight` is gamma, `bias` is beta, epsilon is 1e-5.
  Gemm,       ///< input * weight^T + bias. `weight` is [output columns, input columns].
  Attention,  ///< Every row attends to every row. The input is [rows, query | key | value].
  Embedding,  ///< Sum of the token's row of `weight` and the position's row of `position`.
  CachedAttention,  ///< Stores each row's key and value in a cache, then attends to the cache.
  CrossAttention,   ///< Every row attends to the keys in its cross-attention buffer.
  StoreCrossCache,  ///< Stores keys and values [rows, 2 * columns] in a cross-attention buffer.
  SelectRows,       ///< Keeps the rows whose logits are wanted, in order.
};

enum class Activation { None, Gelu };  ///< Gelu: the exact form, with erf.

using TensorId = int;
inline constexpr TensorId kNoTensor = -1;

/// One tensor of the graph, with the shape for one batch item. If the number of rows varies from
/// run to run, `rows` is its maximum.
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
  TensorId residual = kNoTensor;  ///< Added to the output.
  std::string weight = {};        ///< Name of a variable of the model; empty: none.
  std::string bias = {};          ///< Name of a variable of the model; empty: none.
  std::string position = {};      ///< Name of a variable that is added row by row; empty: none.
  Activation activation = Activation::None;
  int n_heads = 0;
  int kernel = 0;  ///< Conv1d: width of the kernel in rows.
  int stride = 1;  ///< Conv1d: stride in rows.
  /// Gemm: number of the largest values of each output row that the device must compute from the
  /// model's unrounded weights. The device may compute all other values from rounded weights.
  int n_exact_best = 0;
  int layer = 0;  ///< Index of the encoder or decoder layer; selects the layer's cache.
  std::vector<int> captured_heads = {};  ///< CrossAttention: heads captured in StepRow::attention.
};

/// A static graph: operations in a valid order of execution. Plain data.
struct Graph {
  std::string name = {};
  std::vector<TensorSpec> tensors = {};
  std::vector<TensorId> inputs = {};   ///< Bound by the caller, in this order, for each batch item.
  std::vector<TensorId> outputs = {};  ///< Bound by the caller, after the inputs.
  std::vector<Op> ops = {};

  TensorId add_tensor(std::string tensor_name, int rows, int columns);
  const TensorSpec& tensor(TensorId id) const { return tensors[static_cast<std::size_t>(id)]; }
};

/// Returns the number of floating-point operations of `op` for one batch item (a multiply-add
/// counts as two). Counts convolutions, products and Attention; all other operations count as 0.
double count_flops(const Graph& graph, const Op& op);

/// Returns, for each tensor, the index of the last operation that reads the tensor. The index is -1
/// if no operation reads the tensor, and ops.size() for outputs of the graph.
std::vector<int> last_uses(const Graph& graph);

}  // namespace npuwhisper
