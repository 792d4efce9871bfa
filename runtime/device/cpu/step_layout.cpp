// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/step_layout.h"

#include <algorithm>
#include <numeric>

#include "simd/panel_matrix.h"
#include "simd/round_up.h"
#include "simd/row_product.h"

namespace npuwhisper::cpu {
namespace {

/// Returns the number of layers, the width and the number of heads of the attention operations of
/// one kind.
CacheShape cache_shape(const Graph& graph, OpKind kind) {
  CacheShape shape;
  for (const Op& op : graph.ops) {
    if (op.kind != kind) continue;
    shape.n_layers = std::max(shape.n_layers, op.layer + 1);
    shape.n_state = graph.tensor(op.output).columns;
    shape.n_heads = op.n_heads;
  }
  return shape;
}

CacheShape cross_shape(const Graph& graph) {
  CacheShape shape = cache_shape(graph, OpKind::CrossAttention);
  shape.n_keys = input_rows(graph, 1);
  return shape;
}

std::size_t columns_of(const Graph& graph, TensorId id) {
  return static_cast<std::size_t>(graph.tensor(id).columns);
}

/// Assigns memory to the tensors that all threads share. A group needs memory only for its output.
/// Outputs of the graph that this device computes need none.
TensorSlots share_tensors(const Graph& graph, std::span<const StepOffload::Group> groups,
                          const std::vector<int>& private_of, std::size_t max_rows) {
  // A stage ends at a barrier of the threads. Operations with a private output end without a
  // barrier, so they belong to the stage of the next operation.
  std::vector<std::size_t> bytes(graph.tensors.size(), 0);
  std::vector<int> stage_of;
  int stage = 0;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const TensorId output = graph.ops[i].output;
    const bool is_private = private_of[static_cast<std::size_t>(output)] >= 0;
    stage_of.push_back(stage);
    if (!is_private) ++stage;
    const int group = group_of(groups, i);
    const bool needs_memory =
        group >= 0 ? output == groups[static_cast<std::size_t>(group)].output
                   : !is_private && std::ranges::find(graph.outputs, output) == graph.outputs.end();
    if (needs_memory) {
      bytes[static_cast<std::size_t>(output)] =
          max_rows * columns_of(graph, output) * sizeof(float);
    }
  }
  return assign_slots(graph, bytes, stage_of);
}

/// Returns the number of elements of a variable that is kept in f32; 0 if it is missing.
std::size_t count_values(const WeightsIndex& weights, const std::string& name) {
  const Variable* const variable = name.empty() ? nullptr : weights.find(name);
  return variable != nullptr ? static_cast<std::size_t>(variable->n_elements()) : 0;
}

}  // namespace

int input_rows(const Graph& graph, std::size_t i) {
  return i < graph.inputs.size() ? graph.tensor(graph.inputs[i]).rows : 0;
}

int group_of(std::span<const StepOffload::Group> groups, std::size_t op) {
  const auto found = std::ranges::find_if(groups, [op](const StepOffload::Group& group) {
    return op >= group.first_op && op < group.end_op;
  });
  return found != groups.end() ? static_cast<int>(found - groups.begin()) : -1;
}

StepLayout::StepLayout(const Graph& graph, const WeightsIndex& weights, std::size_t max_rows,
                       const StepTypes& types, std::span<const StepOffload::Group> groups)
    : private_of(graph.tensors.size(), -1),
      selected(graph.tensors.size(), false),
      self_cache(cache_shape(graph, OpKind::CachedAttention).n_layers,
                 cache_shape(graph, OpKind::CachedAttention).n_state, types.self_cache),
      cross_cache(cross_shape(graph), types.cross_cache) {
  std::size_t widest = 0;
  product_depth = cross_cache.padded_keys();
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    if (group_of(groups, i) >= 0) continue;
    const Op& op = graph.ops[i];
    const auto output = static_cast<std::size_t>(op.output);
    selected[output] =
        op.kind == OpKind::SelectRows || selected[static_cast<std::size_t>(std::max(op.input, 0))];
    if (op.kind == OpKind::SelectRows) private_of[output] = 0;
    if (op.kind == OpKind::LayerNorm) private_of[output] = 1;
    if (private_of[output] >= 0) widest = std::max(widest, columns_of(graph, op.output));
    weight_bytes += count_values(weights, op.position) * sizeof(float);
    if (op.kind == OpKind::LayerNorm) {
      weight_bytes +=
          (count_values(weights, op.weight) + count_values(weights, op.bias)) * sizeof(float);
    }
    if (op.kind != OpKind::Gemm) continue;
    const std::size_t n = columns_of(graph, op.output);
    const std::size_t k = columns_of(graph, op.input);
    product_depth = std::max(product_depth, k);
    if (!op.bias.empty()) weight_bytes += round_up(n, kPanelColumns) * sizeof(float);
    const Variable* const stored = weights.find(op.weight);
    if (stored == nullptr) continue;
    const DataType type = types.packed_type(*stored);
    weight_bytes += PanelMatrix::bytes(n, k, type);
    if (op.n_exact_best == 0 || type != DataType::I8) continue;
    best = std::max(best, static_cast<std::size_t>(op.n_exact_best));
    exact = std::max(exact, k);
  }
  slots = share_tensors(graph, groups, private_of, max_rows);
  row_bytes = max_rows * widest * sizeof(float);
  sum_bytes = std::max(max_rows, kAttentionRows) * kPanelColumns * sizeof(float);
  score_bytes = kAttentionRows * sizeof(float) *
                std::max(cross_cache.padded_keys(), static_cast<std::size_t>(input_rows(graph, 0)));
}

std::size_t StepLayout::shared_bytes() const {
  return std::accumulate(slots.slot_bytes.begin(), slots.slot_bytes.end(), std::size_t{0});
}

std::size_t StepLayout::scratch_bytes() const {
  return 2 * row_bytes + sum_bytes + score_bytes +
         RowProduct(kAttentionRows, product_depth).bytes() + exact * sizeof(float);
}

GraphMemory StepLayout::memory(const Graph& graph, unsigned n_threads) const {
  GraphMemory memory{.weight_bytes = weight_bytes,
                     .working_bytes = shared_bytes() + n_threads * scratch_bytes(),
                     .buffer_bytes = {}};
  if (!graph.inputs.empty()) memory.buffer_bytes.push_back(self_cache.bytes(input_rows(graph, 0)));
  if (graph.inputs.size() > 1) memory.buffer_bytes.push_back(cross_cache.bytes());
  return memory;
}

}  // namespace npuwhisper::cpu
