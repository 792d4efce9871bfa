// SPDX-License-Identifier: LGPL-2.1-or-later
// Implements the creation of a WindowExecutable: allocates its memory and packs weights.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "device/cpu/cpu_buffer.h"
#include "device/cpu/read_weights.h"

#include "device/cpu/window_executable.h"
#include "simd/round_up.h"

namespace npuwhisper::cpu {
namespace {

CacheShape cross_shape(const Graph& graph) {
  CacheShape shape;
  for (const Op& op : graph.ops) {
    if (op.kind != OpKind::StoreCrossCache) continue;
    const TensorSpec& in = graph.tensor(op.input);
    shape = {std::max(shape.n_layers, op.layer + 1), in.columns / 2, op.n_heads, in.rows};
  }
  return shape;
}

Result<const Variable*> find_variable(const Weights& weights, const std::string& name,
                                      std::size_t n) {
  const Variable* variable = weights.find(name);
  if (variable == nullptr)
    return fail(ErrorCode::CorruptModel, "variable '" + name + "' is missing");
  if (variable->n_elements() != static_cast<std::int64_t>(n)) {
    return fail(ErrorCode::CorruptModel, "variable '" + name + "': found " +
                                             std::to_string(variable->n_elements()) +
                                             " elements, wanted " + std::to_string(n));
  }
  return variable;
}

Result<std::vector<float>> read_vector(const Weights& weights, const std::string& name,
                                       std::size_t n) {
  const auto variable = find_variable(weights, name, n);
  if (!variable) return fail(variable.error());
  return weights.read(**variable);
}

/// Returns the bias of an operation with n columns; an empty vector if the operation has none.
Result<std::vector<float>> read_bias(const Weights& weights, const Op& op, std::size_t n) {
  if (op.bias.empty()) return std::vector<float>();
  return read_vector(weights, op.bias, n);
}

/// Reads a weight in f32 as the matrix [out, in] that a product packs. The weight of a convolution,
/// [out, in, kernel], becomes [out, kernel * in], because gather() writes the taps of a row
/// consecutively.
Result<AlignedBytes> read_matrix(const Weights& weights, const Variable& weight, ThreadPool& pool,
                                 std::size_t n_out, std::size_t n_in, std::size_t kernel) {
  AlignedBytes matrix(n_out * n_in * kernel * sizeof(float));
  const auto done = each_row(weights, weight, pool, [&](std::size_t row, std::span<float> values) {
    float* to = matrix.as<float>() + row * values.size();
    for (std::size_t tap = 0; tap < kernel; ++tap) {
      for (std::size_t i = 0; i < n_in; ++i) *to++ = values[i * kernel + tap];
    }
  });
  if (!done) return fail(done.error());
  return matrix;
}

}  // namespace

WindowExecutable::WindowExecutable(const Graph& graph, int batch, const WindowTypes& types,
                                   ThreadPool& pool, Workspace& workspace)
    : graph_(graph),
      batch_(batch),
      types_(types),
      pool_(pool),
      workspace_(workspace),
      n_positions_(graph.outputs.empty() ? 0 : graph.tensor(graph.outputs.front()).rows),
      cross_layout_(cross_shape(graph), types.cross_cache) {}

Result<std::unique_ptr<WindowExecutable>> WindowExecutable::create(
    const Graph& graph, const Weights& weights, int batch, const WindowTypes& types,
    ThreadPool& pool, Workspace& workspace) {
  std::unique_ptr<WindowExecutable> executable(
      new WindowExecutable(graph, batch, types, pool, workspace));
  if (auto done = executable->lay_out(weights.index()); !done) return fail(done.error());
  if (auto compiled = executable->compile(weights); !compiled) return fail(compiled.error());
  return executable;
}

WindowExecutable::Scratch WindowExecutable::make_scratch() const {
  Scratch scratch;
  scratch.sums = AlignedBytes(sizes_.sums);
  if (sizes_.product_depth > 0) {
    scratch.product = RowProduct(sizes_.product_rows, sizes_.product_depth);
  }
  scratch.gathered = AlignedBytes(sizes_.gathered);
  scratch.rounded = AlignedBytes(sizes_.rounded);
  scratch.rotated = AlignedBytes(sizes_.rotated);
  scratch.integers = AlignedBytes(sizes_.integers);
  scratch.rows.resize(sizes_.rows);
  scratch.onednn = AlignedBytes(sizes_.onednn);
  scratch.queries = AlignedBytes(sizes_.queries);
  scratch.scores = AlignedBytes(sizes_.scores);
  scratch.mixed = AlignedBytes(sizes_.mixed);
  for (const std::size_t bytes : sizes_.tensors) scratch.tensors.emplace_back(bytes);
  return scratch;
}

Result<void> WindowExecutable::compile(const Weights& weights) {
  for (std::size_t area = 0; area < area_bytes_.size(); ++area) {
    workspace_.require(area, area_bytes_[area]);
  }
  for (unsigned i = 0; i < pool_.size(); ++i) scratch_.push_back(make_scratch());
  for (Stage& stage : stages_) {
    for (Step& step : stage.steps) {
      if (auto loaded = load(weights, stage, step); !loaded) return loaded;
      plan_.weight_bytes += step.position.size();
      for (const std::vector<float>* values : {&step.bias, &step.gamma, &step.beta}) {
        plan_.weight_bytes += values->size() * sizeof(float);
      }
    }
  }
  std::size_t n_counters = 0;
  for (Stage& stage : stages_) {
    stage.first_counter = n_counters;
    n_counters +=
        static_cast<std::size_t>(2 * batch_ * std::max(1, stage.steps.front().op.n_heads));
  }
  next_task_ = std::vector<std::atomic<int>>(n_counters);
  plan_.graph = graph_.name;
  for (const Stage& stage : stages_) describe(stage);
  return {};
}

Result<void> WindowExecutable::load(const Weights& weights, Stage& stage, Step& step) {
  const Op& op = step.op;
  if (op.kind == OpKind::Gemm || op.kind == OpKind::Conv1d) {
    if (is_rounded(op)) return load_rounded(weights, step);
    return is_in_panels(op) ? load_panels(weights, step) : load_product(weights, stage, step);
  }
  if (op.kind != OpKind::LayerNorm) return {};
  auto gamma = read_vector(weights, op.weight, columns_of(op.input));
  if (!gamma) return fail(gamma.error());
  auto beta = read_vector(weights, op.bias, columns_of(op.input));
  if (!beta) return fail(beta.error());
  step.gamma = std::move(*gamma);
  step.beta = std::move(*beta);
  return {};
}

Result<void> WindowExecutable::load_product(const Weights& weights, const Stage& stage,
                                            Step& step) {
  const Op& op = step.op;
  const std::size_t n_out = columns_of(op.output);
  const std::size_t n_in = columns_of(op.input);
  const auto kernel = static_cast<std::size_t>(op.kind == OpKind::Conv1d ? op.kernel : 1);
  auto bias = read_bias(weights, op, n_out);
  if (!bias) return fail(bias.error());
  step.bias = std::move(*bias);
  if (!op.position.empty()) {
    if (auto loaded = load_position(weights, stage, step); !loaded) return loaded;
  }
  const auto weight = find_variable(weights, op.weight, n_out * n_in * kernel);
  if (!weight) return fail(weight.error());
  const auto matrix = read_matrix(weights, **weight, pool_, n_out, n_in, kernel);
  if (!matrix) return fail(matrix.error());
  step.weight = AlignedBytes(step.gemm.whole->packed_bytes());
  plan_.weight_bytes += step.weight.size();
  return step.gemm.whole->pack_weight(matrix->as<float>(), step.weight.data());
}

/// Loads the weight of a product whose rows and weights are rounded to 8 bits.
Result<void> WindowExecutable::load_rounded(const Weights& weights, Step& step) {
  const Op& op = step.op;
  const std::size_t n_out = columns_of(op.output);
  const std::size_t n_in = columns_of(op.input);
  const auto n_part = static_cast<std::size_t>(step.gemm.whole->shape().n);
  auto bias = read_bias(weights, op, n_out);
  if (!bias) return fail(bias.error());
  step.bias = std::move(*bias);
  const auto weight = find_variable(weights, op.weight, n_out * n_in);
  if (!weight) return fail(weight.error());
  step.rounded.emplace(n_out, n_in);
  auto read = each_row(weights, **weight, pool_, [&](std::size_t row, std::span<float> values) {
    step.rounded->round(row, values);
  });
  if (!read) return read;
  const std::size_t part_bytes = step.gemm.whole->packed_bytes();
  step.weight = AlignedBytes(n_out / n_part * part_bytes);
  auto packed = for_each_index(pool_, n_out / n_part, [&](unsigned /*thread*/, std::size_t part) {
    return step.gemm.whole->pack_weight(step.rounded->values() + part * n_part * n_in,
                                        step.weight.data() + part * part_bytes);
  });
  if (!packed) return packed;
  step.rounded->release_values();
  plan_.weight_bytes += step.weight.size() + step.rounded->bytes();
  return {};
}

Result<void> WindowExecutable::load_panels(const Weights& weights, Step& step) {
  const Op& op = step.op;
  const std::size_t n_out = columns_of(op.output);
  const std::array<std::int64_t, 2> dims = {graph_.tensor(op.output).columns,
                                            graph_.tensor(op.input).columns};
  const auto weight = weights.get(op.weight, dims);
  if (!weight) return fail(weight.error());
  auto panels = read_panels(weights, **weight, panel_type(op, *weight), pool_);
  if (!panels) return fail(panels.error());
  step.panels = std::move(*panels);
  plan_.weight_bytes += step.panels->bytes();
  auto bias = read_bias(weights, op, n_out);
  if (!bias) return fail(bias.error());
  step.bias = std::move(*bias);
  if (!step.bias.empty()) step.bias.resize(step.panels->n_panels() * kPanelColumns);
  return {};
}

Result<void> WindowExecutable::load_position(const Weights& weights, const Stage& stage,
                                             Step& step) {
  const std::size_t n = static_cast<std::size_t>(stage.rows) * columns_of(step.op.output);
  const auto found = find_variable(weights, step.op.position, n);
  if (!found) return fail(found.error());
  step.position_type = position_type(*found);
  if (step.position_type == DataType::F16) {
    auto stored = weights.read_stored(**found);
    if (!stored) return fail(stored.error());
    step.position = std::move(*stored);
    return {};
  }
  const auto values = weights.read(**found);
  if (!values) return fail(values.error());
  const auto bytes = std::as_bytes(std::span(*values));
  step.position.assign(bytes.begin(), bytes.end());
  return {};
}

void WindowExecutable::describe(const Stage& stage) {
  for (const Step& step : stage.steps) {
    std::string how = "f32";
    const std::string block = std::to_string(stage.block_rows);
    if (step.gemm.whole != nullptr) how = step.gemm.whole->kernel() + ", " + block + " rows a task";
    if (step.rounded) how += ", rows and weights int8";
    if (step.panels) how = "panels of 64, weights " + std::string(to_string(step.panels->type()));
    if (step.op.kind == OpKind::Attention) {
      how = attentions_.at(stage.rows).scores.whole->kernel() + ", " + block + " queries a task";
    }
    if (step.op.kind == OpKind::StoreCrossCache) how = std::string(to_string(types_.cross_cache));
    plan_.ops.push_back({step.op.name, "cpu", how, "", count_flops(graph_, step.op)});
  }
}

std::vector<std::string> WindowExecutable::kernels() const {
  std::vector<std::string> names;
  for (const auto& [key, gemm] : gemms_) {
    if (std::find(names.begin(), names.end(), gemm->kernel()) == names.end())
      names.push_back(gemm->kernel());
  }
  return names;
}

std::size_t WindowExecutable::buffer_bytes(TensorId id, int rows) const {
  for (const Op& op : graph_.ops) {
    if (op.kind == OpKind::StoreCrossCache && op.output == id) return cross_layout_.bytes();
  }
  const int n_rows = rows > 0 ? rows : graph_.tensor(id).rows;
  return static_cast<std::size_t>(n_rows) * row_bytes(id);
}

Result<std::unique_ptr<Buffer>> WindowExecutable::allocate(TensorId id, int rows) {
  return std::unique_ptr<Buffer>(std::make_unique<CpuBuffer>(buffer_bytes(id, rows)));
}

}  // namespace npuwhisper::cpu
