// SPDX-License-Identifier: LGPL-2.1-or-later
// Implements the layout of a WindowExecutable, which needs no values of weights: divides the graph
// into stages, chooses types, places tensors and computes the size of all memory.
#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "device/cpu/window_executable.h"
#include "simd/round_up.h"

namespace npuwhisper::cpu {
namespace {

// Maximum number of rows that pass through the operations of a stage together. More rows would not
// stay in a core's cache. With fewer rows, a product would read its weights more often. The number
// is a multiple of 16, the height of an AMX tile.
constexpr int kBlockRows = 128;
// Maximum number of queries of one head that are processed at a time. Their scores over 1,500 keys
// take 384 KB.
constexpr int kQueryRows = 64;

bool can_run(OpKind kind) {
  switch (kind) {
    case OpKind::Conv1d:
    case OpKind::LayerNorm:
    case OpKind::Gemm:
    case OpKind::Attention:
    case OpKind::StoreCrossCache:
      return true;
    default:
      return false;
  }
}

/// Returns whether each output row of the operation depends only on the same input row.
bool is_row_wise(const Op& op) {
  return op.kind == OpKind::Gemm || op.kind == OpKind::LayerNorm;
}

}  // namespace

Result<GraphMemory> WindowExecutable::measure(const Graph& graph, const WeightsIndex& weights,
                                              int batch, const WindowTypes& types,
                                              ThreadPool& pool) {
  Workspace unused;
  WindowExecutable executable(graph, batch, types, pool, unused);
  if (auto done = executable.lay_out(weights); !done) return fail(done.error());
  GraphMemory memory{.weight_bytes = executable.weight_bytes_,
                     .working_bytes = executable.plan_.working_bytes,
                     .buffer_bytes = {}};
  for (const std::vector<TensorId>* bound : {&graph.inputs, &graph.outputs}) {
    for (const TensorId id : *bound) memory.buffer_bytes.push_back(executable.buffer_bytes(id, 0));
  }
  return memory;
}

Result<void> WindowExecutable::lay_out(const WeightsIndex& weights) {
  if (auto divided = divide_into_stages(); !divided) return divided;
  find_most_thinned();
  choose_types();
  place_tensors();
  for (Stage& stage : stages_) {
    if (stage.steps.front().op.kind == OpKind::Attention) {
      if (auto prepared = prepare_attention(stage); !prepared) return prepared;
    }
    for (Step& step : stage.steps) {
      if (auto prepared = prepare_step(weights, stage, step); !prepared) return prepared;
    }
  }
  for (const auto& [key, gemm] : gemms_) {
    sizes_.onednn = std::max(sizes_.onednn, gemm->scratch_bytes());
  }
  plan_.working_bytes =
      std::accumulate(area_bytes_.begin(), area_bytes_.end(), pool_.size() * sizes_.bytes());
  return {};
}

std::size_t WindowExecutable::ScratchSizes::bytes() const {
  const std::size_t product =
      product_depth > 0 ? RowProduct(product_rows, product_depth).bytes() : 0;
  return sums + product + gathered + rounded + rotated + integers + rows * sizeof(RoundedRow) +
         onednn + queries + scores + mixed +
         std::accumulate(tensors.begin(), tensors.end(), std::size_t{0});
}

Result<void> WindowExecutable::divide_into_stages() {
  for (const Op& op : graph_.ops) {
    if (!can_run(op.kind))
      return fail(ErrorCode::Unsupported, op.name + ": not an operation over windows");
    const int rows = graph_.tensor(op.output).rows;
    const bool joins = is_row_wise(op) && !stages_.empty() && stages_.back().rows == rows &&
                       is_row_wise(stages_.back().steps.front().op);
    if (!joins) {
      Stage stage;
      stage.rows = op.kind == OpKind::StoreCrossCache ? graph_.tensor(op.input).rows : rows;
      // Sizes the blocks so that all threads process about the same number of blocks. Otherwise
      // most threads would wait at the end of the stage for the few threads that process the last
      // blocks.
      const int threads = static_cast<int>(pool_.size());
      const int rounds = (stage.rows + kBlockRows * threads - 1) / (kBlockRows * threads);
      const int even = (stage.rows + rounds * threads - 1) / (rounds * threads);
      stage.block_rows = op.kind == OpKind::Attention ? std::min(kQueryRows, stage.rows)
                                                      : std::min(round_up(even, 16), stage.rows);
      stages_.push_back(std::move(stage));
    }
    Step step;
    step.op = op;
    stages_.back().steps.push_back(std::move(step));
  }
  return {};
}

/// Sets most_thinned_ to the largest number of positions that a run with sparse positions can
/// compute. All blocks of such a run are whole, so the last block of every stage must fit into the
/// stage's tensors.
void WindowExecutable::find_most_thinned() {
  for (int dense = kPositionStep; dense + kSparsePositions < n_positions_; dense += kPositionStep) {
    const bool fits = std::all_of(stages_.begin(), stages_.end(), [&](const Stage& stage) {
      if (stage.rows != n_positions_ && stage.rows != 2 * n_positions_) return false;
      const int rows = n_rows(stage, {dense, kSparsePositions});
      return (rows + stage.block_rows - 1) / stage.block_rows * stage.block_rows <= stage.rows;
    });
    if (!fits) return;
    most_thinned_ = dense + kSparsePositions;
  }
}

void WindowExecutable::choose_types() {
  type_of_.assign(graph_.tensors.size(), types_.compute);
  for (const Op& op : graph_.ops) {
    const bool bound_input =
        std::find(graph_.inputs.begin(), graph_.inputs.end(), op.input) != graph_.inputs.end();
    if (op.kind == OpKind::LayerNorm || op.kind == OpKind::StoreCrossCache ||
        (op.kind == OpKind::Conv1d && bound_input)) {
      type_of_[static_cast<std::size_t>(op.input)] = DataType::F32;
    }
    if (op.residual != kNoTensor) type_of_[static_cast<std::size_t>(op.residual)] = DataType::F32;
  }
}

void WindowExecutable::place_tensors() {
  bound_.assign(graph_.tensors.size(), -1);
  local_.assign(graph_.tensors.size(), -1);
  int index = 0;
  for (const TensorId id : graph_.inputs) bound_[static_cast<std::size_t>(id)] = index++;
  for (const TensorId id : graph_.outputs) bound_[static_cast<std::size_t>(id)] = index++;

  // A tensor that only one stage uses is stored in each thread's scratch. The output of an
  // operation with a residual is an exception, because this output overwrites the residual.
  std::vector<int> stage_of;
  std::vector<std::size_t>& local_bytes = sizes_.tensors;
  const std::vector<int> last = last_uses(graph_);
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    const Stage& stage = stages_[s];
    const int end = static_cast<int>(stage_of.size() + stage.steps.size());
    std::size_t n_local = 0;
    for (const Step& step : stage.steps) {
      stage_of.push_back(static_cast<int>(s));
      const auto output = static_cast<std::size_t>(step.op.output);
      if (bound_[output] >= 0 || step.op.residual != kNoTensor || last[output] >= end) continue;
      local_[output] = static_cast<int>(n_local++);
      if (local_bytes.size() < n_local) local_bytes.push_back(0);
      std::size_t& bytes = local_bytes[n_local - 1];
      bytes =
          std::max(bytes, static_cast<std::size_t>(stage.block_rows) * row_bytes(step.op.output));
    }
  }
  std::vector<std::size_t> bytes(graph_.tensors.size(), 0);
  for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
    if (bound_[i] >= 0 || local_[i] >= 0) continue;
    const auto id = static_cast<TensorId>(i);
    bytes[i] = static_cast<std::size_t>(batch_) * static_cast<std::size_t>(graph_.tensor(id).rows) *
               row_bytes(id);
  }
  slots_ = assign_slots(graph_, bytes, stage_of);
  // Sorts the areas by size, largest first. All executables share areas by index, so this order
  // keeps the workspace small if one executable has few large tensors and another executable has
  // many small tensors.
  std::vector<std::size_t> by_size(slots_.slot_bytes.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::sort(by_size.begin(), by_size.end(), [&](std::size_t a, std::size_t b) {
    return slots_.slot_bytes[a] > slots_.slot_bytes[b];
  });
  area_of_.resize(by_size.size());
  for (std::size_t area = 0; area < by_size.size(); ++area) {
    area_of_[by_size[area]] = area;
    area_bytes_.push_back(slots_.slot_bytes[by_size[area]]);
  }
}

}  // namespace npuwhisper::cpu
