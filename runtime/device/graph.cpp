// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/graph.h"

#include <algorithm>
#include <utility>

namespace npuwhisper {

TensorId Graph::add_tensor(std::string tensor_name, int rows, int columns) {
  tensors.push_back({std::move(tensor_name), rows, columns});
  return static_cast<TensorId>(tensors.size()) - 1;
}

double count_flops(const Graph& graph, const Op& op) {
  const TensorSpec& out = graph.tensor(op.output);
  const double out_size = static_cast<double>(out.rows) * out.columns;
  switch (op.kind) {
    case OpKind::Gemm:
      return 2.0 * out_size * graph.tensor(op.input).columns;
    case OpKind::Conv1d:
      return 2.0 * out_size * graph.tensor(op.input).columns * op.kernel;
    case OpKind::Attention:
      return 4.0 * out_size * out.rows;
    default:
      return 0.0;
  }
}

std::vector<int> last_uses(const Graph& graph) {
  std::vector<int> last(graph.tensors.size(), -1);
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    for (const TensorId id : {graph.ops[i].input, graph.ops[i].residual}) {
      if (id != kNoTensor) last[static_cast<std::size_t>(id)] = static_cast<int>(i);
    }
  }
  for (const TensorId id : graph.outputs) {
    last[static_cast<std::size_t>(id)] = static_cast<int>(graph.ops.size());
  }
  return last;
}

}  // namespace npuwhisper
