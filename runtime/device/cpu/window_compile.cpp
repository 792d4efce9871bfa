// SPDX-License-Identifier: LGPL-2.1-or-later
// Implements the creation of a WindowExecutable: divides the graph into stages, chooses types,
// places tensors and packs weights.
#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>

#include "device/cpu/cpu_buffer.h"
#include "device/cpu/read_weights.h"

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
// Minimum number of heads whose packed keys and values exist at the same time. If there are more
// threads than this minimum, the number of heads is the number of threads. Each head takes up to
// 0.8 MB.
constexpr int kFewestHeads = 2;
// Maximum number of columns of a rounded product that are computed at a time. Their integer sums
// stay in a core's cache until they are finished.
constexpr std::size_t kPartColumns = 512;

bool is_product(const Op& op) {
  return op.kind == OpKind::Gemm || op.kind == OpKind::Conv1d;
}

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

bool feeds_cross_cache(const Graph& graph, TensorId tensor) {
  return std::any_of(graph.ops.begin(), graph.ops.end(), [tensor](const Op& op) {
    return op.kind == OpKind::StoreCrossCache && op.input == tensor;
  });
}

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

/// Returns the number of columns that a rounded product computes at a time: the largest divisor of
/// n that is at most kPartColumns and a multiple of kRoundedStep.
std::size_t part_columns(std::size_t n) {
  std::size_t columns = kPartColumns;
  while (n % columns != 0) columns -= kRoundedStep;
  return columns;
}

/// Replaces `bytes` by zeroed memory of n bytes if it is smaller than n bytes.
void grow(AlignedBytes& bytes, std::size_t n) {
  if (bytes.size() < n) bytes = AlignedBytes(n);
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
  if (auto compiled = executable->compile(weights); !compiled) return fail(compiled.error());
  return executable;
}

Result<void> WindowExecutable::compile(const Weights& weights) {
  scratch_.resize(pool_.size());
  if (auto divided = divide_into_stages(); !divided) return divided;
  find_most_thinned();
  choose_types();
  if (auto placed = place_tensors(); !placed) return placed;
  for (Stage& stage : stages_) {
    const Op& first = stage.steps.front().op;
    if (first.kind == OpKind::Attention) {
      if (auto prepared = prepare_attention(stage); !prepared) return prepared;
    }
    for (Step& step : stage.steps) {
      if (auto loaded = load(weights, stage, step); !loaded) return loaded;
    }
  }
  std::size_t onednn_bytes = 0;
  for (const auto& [key, gemm] : gemms_)
    onednn_bytes = std::max(onednn_bytes, gemm->scratch_bytes());
  for (Scratch& scratch : scratch_) {
    scratch.onednn = AlignedBytes(onednn_bytes);
    plan_.working_bytes += onednn_bytes + scratch.gathered.size() + scratch.queries.size() +
                           scratch.scores.size() + scratch.mixed.size() + scratch.rounded.size() +
                           scratch.rotated.size() + scratch.integers.size();
    for (const AlignedBytes& bytes : scratch.tensors) plan_.working_bytes += bytes.size();
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

Result<void> WindowExecutable::place_tensors() {
  bound_.assign(graph_.tensors.size(), -1);
  local_.assign(graph_.tensors.size(), -1);
  int index = 0;
  for (const TensorId id : graph_.inputs) bound_[static_cast<std::size_t>(id)] = index++;
  for (const TensorId id : graph_.outputs) bound_[static_cast<std::size_t>(id)] = index++;

  // A tensor that only one stage uses is stored in each thread's scratch. The output of an
  // operation with a residual is an exception, because this output overwrites the residual.
  std::vector<int> stage_of;
  std::vector<std::size_t> local_bytes;
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
    workspace_.require(area, slots_.slot_bytes[by_size[area]]);
    plan_.working_bytes += slots_.slot_bytes[by_size[area]];
  }
  packed_heads_area_ = by_size.size();
  for (Scratch& scratch : scratch_) {
    for (const std::size_t n : local_bytes) scratch.tensors.emplace_back(n);
  }
  return {};
}

Result<const OneDnnGemm*> WindowExecutable::gemm(const GemmShape& s, const OneDnnGemm* packing,
                                                 const GemmStrides* strides) {
  const int flags = (s.input == DataType::I8 ? 32 : 0) | (s.input == DataType::Bf16 ? 1 : 0) |
                    (s.output == DataType::Bf16 ? 2 : 0) | (s.bias ? 4 : 0) | (s.gelu ? 8 : 0) |
                    (s.accumulate ? 16 : 0);
  const GemmKey key(s.m, s.k, s.n, s.lda, s.ldc, flags, strides != nullptr ? strides->k_stride : 0,
                    strides != nullptr ? strides->n_stride : 0, packing);
  auto& slot = gemms_[key];
  if (!slot) {
    auto made = OneDnnGemm::create(s, pool_.size(), packing);
    if (!made) return fail(made.error());
    if (strides != nullptr) {
      if (auto prepared = (*made)->prepare_pack(*strides); !prepared) return fail(prepared.error());
    }
    slot = std::move(*made);
  }
  return slot.get();
}

/// Returns the products for the blocks of a stage. `shape.m` is ignored.
Result<WindowExecutable::BlockGemm> WindowExecutable::block_gemm(const Stage& stage,
                                                                 GemmShape shape) {
  BlockGemm gemms;
  shape.m = stage.block_rows;
  auto whole = gemm(shape, nullptr, nullptr);
  if (!whole) return fail(whole.error());
  gemms.whole = *whole;
  shape.m = stage.rows % stage.block_rows;
  if (shape.m == 0) return gemms;
  auto last = gemm(shape, gemms.whole, nullptr);
  if (!last) return fail(last.error());
  gemms.last = *last;
  return gemms;
}

Result<void> WindowExecutable::load(const Weights& weights, Stage& stage, Step& step) {
  const Op& op = step.op;
  if (is_product(op)) {
    if (is_rounded(op)) return load_rounded(weights, stage, step);
    const bool in_panels = types_.compute == DataType::F32 && op.kind == OpKind::Gemm;
    return in_panels ? load_panels(weights, stage, step) : load_product(weights, stage, step);
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

Result<void> WindowExecutable::load_product(const Weights& weights, Stage& stage, Step& step) {
  const Op& op = step.op;
  const std::size_t n_out = columns_of(op.output);
  const std::size_t n_in = columns_of(op.input);
  const auto kernel = static_cast<std::size_t>(op.kind == OpKind::Conv1d ? op.kernel : 1);
  auto gemms = block_gemm(stage, {.k = static_cast<int>(n_in * kernel),
                                  .n = static_cast<int>(n_out),
                                  .lda = static_cast<int>(n_in * kernel),
                                  .ldc = static_cast<int>(n_out),
                                  .input = types_.compute,
                                  .output = type_of_[static_cast<std::size_t>(op.output)],
                                  .bias = !op.bias.empty(),
                                  .gelu = op.activation == Activation::Gelu,
                                  .accumulate = op.residual != kNoTensor});
  if (!gemms) return fail(gemms.error());
  step.gemm = *gemms;
  if (op.kind == OpKind::Conv1d) {
    const std::size_t bytes =
        static_cast<std::size_t>(stage.block_rows) * n_in * kernel * size_of(types_.compute);
    for (Scratch& scratch : scratch_) grow(scratch.gathered, bytes);
  }
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

/// Returns whether the operands of an operation are rounded to 8 bits.
bool WindowExecutable::is_rounded(const Op& op) const {
  return types_.products == DataType::I8 && op.kind == OpKind::Gemm &&
         !feeds_cross_cache(graph_, op.output) && columns_of(op.input) % kRoundedStep == 0 &&
         columns_of(op.output) % kRoundedStep == 0;
}

/// Loads the weight of a product whose rows and weights are rounded to 8 bits.
Result<void> WindowExecutable::load_rounded(const Weights& weights, const Stage& stage,
                                            Step& step) {
  const Op& op = step.op;
  const std::size_t n_out = columns_of(op.output);
  const std::size_t n_in = columns_of(op.input);
  const std::size_t n_part = part_columns(n_out);
  auto gemms = block_gemm(stage, {.k = static_cast<int>(n_in),
                                  .n = static_cast<int>(n_part),
                                  .lda = static_cast<int>(n_in),
                                  .ldc = static_cast<int>(n_part),
                                  .input = DataType::I8,
                                  .output = DataType::I32});
  if (!gemms) return fail(gemms.error());
  step.gemm = *gemms;
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

  const auto rows = static_cast<std::size_t>(stage.block_rows);
  for (Scratch& scratch : scratch_) {
    grow(scratch.rounded, rows * n_in);
    grow(scratch.rotated, n_in * sizeof(float));
    grow(scratch.integers, rows * n_part * sizeof(std::int32_t));
    if (scratch.rows.size() < rows) scratch.rows.resize(rows);
  }
  return {};
}

Result<void> WindowExecutable::load_panels(const Weights& weights, Stage& stage, Step& step) {
  const Op& op = step.op;
  const std::size_t n_out = columns_of(op.output);
  const std::array<std::int64_t, 2> dims = {graph_.tensor(op.output).columns,
                                            graph_.tensor(op.input).columns};
  const auto weight = weights.get(op.weight, dims);
  if (!weight) return fail(weight.error());
  DataType type = feeds_cross_cache(graph_, op.output) ? types_.projection : DataType::F16;
  if (type == DataType::F16 && (*weight)->type != StoredType::F16) type = DataType::F32;
  auto panels = read_panels(weights, **weight, type, pool_);
  if (!panels) return fail(panels.error());
  step.panels = std::move(*panels);
  plan_.weight_bytes += step.panels->bytes();
  auto bias = read_bias(weights, op, n_out);
  if (!bias) return fail(bias.error());
  step.bias = std::move(*bias);
  if (!step.bias.empty()) step.bias.resize(step.panels->n_panels() * kPanelColumns);
  for (Scratch& scratch : scratch_) {
    const std::size_t bytes =
        static_cast<std::size_t>(stage.block_rows) * kPanelColumns * sizeof(float);
    grow(scratch.sums, bytes);
    const auto rows = static_cast<std::size_t>(stage.block_rows);
    const std::size_t depth = step.panels->k();
    if (step.panels->type() == DataType::I8 &&
        scratch.product.max_rows(depth, DataType::I8) < rows) {
      scratch.product = RowProduct(rows, depth);
    }
  }
  return {};
}

Result<void> WindowExecutable::load_position(const Weights& weights, const Stage& stage,
                                             Step& step) {
  const std::size_t n = static_cast<std::size_t>(stage.rows) * columns_of(step.op.output);
  const auto found = find_variable(weights, step.op.position, n);
  if (!found) return fail(found.error());
  if ((*found)->type == StoredType::F16) {
    auto stored = weights.read_stored(**found);
    if (!stored) return fail(stored.error());
    step.position_type = DataType::F16;
    step.position = std::move(*stored);
    return {};
  }
  const auto values = weights.read(**found);
  if (!values) return fail(values.error());
  const auto bytes = std::as_bytes(std::span(*values));
  step.position.assign(bytes.begin(), bytes.end());
  return {};
}

Result<void> WindowExecutable::prepare_attention(const Stage& stage) {
  const Op& op = stage.steps.front().op;
  const std::size_t n_heads = static_cast<std::size_t>(op.n_heads);
  if (columns_of(op.output) != n_heads * kHeadColumns) {
    return fail(ErrorCode::Unsupported, op.name + ": found " + std::to_string(op.n_heads) +
                                            " heads over " + std::to_string(columns_of(op.output)) +
                                            " columns, wanted 64 columns a head");
  }
  if (!attentions_.empty()) return {};  // Every layer's attention has the same shape.
  if (auto prepared = prepare_products(stage, stage.rows, attentions_[stage.rows]); !prepared)
    return prepared;
  for (int n_keys = kPositionStep + kSparsePositions; n_keys <= most_thinned_;
       n_keys += kPositionStep) {
    if (auto prepared = prepare_products(stage, n_keys, attentions_[n_keys]); !prepared)
      return prepared;
  }
  heads_at_once_ =
      std::min(batch_ * op.n_heads, std::max(kFewestHeads, static_cast<int>(pool_.size())));
  const std::size_t packed_bytes =
      static_cast<std::size_t>(heads_at_once_) * (packed_keys_bytes_ + packed_values_bytes_);
  workspace_.require(packed_heads_area_, packed_bytes);
  plan_.working_bytes += packed_bytes;
  const auto queries = static_cast<std::size_t>(stage.block_rows);
  for (Scratch& scratch : scratch_) {
    scratch.queries = AlignedBytes(queries * kHeadColumns * size_of(types_.compute));
    scratch.scores = AlignedBytes(queries * static_cast<std::size_t>(stage.rows) * sizeof(float));
    scratch.mixed = AlignedBytes(queries * (kHeadColumns + 1) * sizeof(float));
  }
  return {};
}

Result<void> WindowExecutable::prepare_products(const Stage& stage, int n_keys,
                                                Attention& attention) {
  const int in_columns = static_cast<int>(columns_of(stage.steps.front().op.input));
  const int head_columns = static_cast<int>(kHeadColumns);
  GemmShape scores{.m = stage.block_rows,
                   .k = head_columns,
                   .n = n_keys,
                   .lda = head_columns,
                   .ldc = n_keys,
                   .input = types_.compute,
                   .output = DataType::F32};
  GemmShape mix{.m = stage.block_rows,
                .k = n_keys,
                .n = head_columns,
                .lda = n_keys,
                .ldc = head_columns,
                .input = types_.compute,
                .output = DataType::F32};
  const GemmStrides key_strides{.k_stride = 1, .n_stride = in_columns};
  const GemmStrides value_strides{.k_stride = in_columns, .n_stride = 1};
  for (auto [shape, strides, target] : {std::tuple{&scores, &key_strides, &attention.scores},
                                        std::tuple{&mix, &value_strides, &attention.mix}}) {
    auto whole = gemm(*shape, nullptr, strides);
    if (!whole) return fail(whole.error());
    target->whole = *whole;
    if (n_keys != stage.rows || stage.rows % stage.block_rows == 0) continue;
    shape->m = stage.rows % stage.block_rows;
    auto last = gemm(*shape, target->whole, strides);
    if (!last) return fail(last.error());
    target->last = *last;
  }
  packed_keys_bytes_ =
      std::max(packed_keys_bytes_, round_up(attention.scores.whole->packed_bytes(), kAlignment));
  packed_values_bytes_ =
      std::max(packed_values_bytes_, round_up(attention.mix.whole->packed_bytes(), kAlignment));
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

Result<std::unique_ptr<Buffer>> WindowExecutable::allocate(TensorId id, int rows) {
  for (const Op& op : graph_.ops) {
    if (op.kind == OpKind::StoreCrossCache && op.output == id) {
      return std::unique_ptr<Buffer>(std::make_unique<CpuBuffer>(cross_layout_.bytes()));
    }
  }
  const int n_rows = rows > 0 ? rows : graph_.tensor(id).rows;
  return std::unique_ptr<Buffer>(
      std::make_unique<CpuBuffer>(static_cast<std::size_t>(n_rows) * row_bytes(id)));
}

}  // namespace npuwhisper::cpu
