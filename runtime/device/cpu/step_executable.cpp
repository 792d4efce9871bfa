// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/step_executable.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "device/cpu/cpu_buffer.h"
#include "device/cpu/read_weights.h"
#include "simd/row_kernels.h"

namespace npuwhisper::cpu {
namespace {

constexpr std::size_t kAttentionRows = StepLayout::kAttentionRows;

/// Returns the share of [0, n) that `thread` processes.
std::pair<std::size_t, std::size_t> share(std::size_t n, unsigned thread, unsigned n_threads) {
  return {n * thread / n_threads, n * (thread + 1) / n_threads};
}

bool can_run(OpKind kind) {
  switch (kind) {
    case OpKind::Embedding:
    case OpKind::LayerNorm:
    case OpKind::Gemm:
    case OpKind::CachedAttention:
    case OpKind::CrossAttention:
    case OpKind::SelectRows:
      return true;
    default:
      return false;
  }
}

/// Fills `found` with the indices of the largest `values`, at most `wanted` indices in no
/// particular order.
void find_largest(std::span<const float> values, std::size_t wanted, std::vector<int>& found) {
  const auto larger = [&](int a, int b) {
    return values[static_cast<std::size_t>(a)] > values[static_cast<std::size_t>(b)];
  };
  found.clear();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (found.size() == wanted) {
      if (!(values[i] > values[static_cast<std::size_t>(found.front())])) continue;
      std::pop_heap(found.begin(), found.end(), larger);
      found.pop_back();
    }
    found.push_back(static_cast<int>(i));
    std::push_heap(found.begin(), found.end(), larger);
  }
}

}  // namespace

StepExecutable::StepExecutable(const Graph& graph, const Weights& weights, const StepTypes& types,
                               ThreadPool& pool, int max_rows, std::unique_ptr<StepOffload> offload)
    : graph_(graph),
      weights_(weights),
      offload_(std::move(offload)),
      types_(types),
      pool_(pool),
      max_rows_(static_cast<std::size_t>(max_rows)),
      layout_(graph, weights.index(), max_rows_, types, groups()) {}

Result<std::unique_ptr<StepExecutable>> StepExecutable::create(
    const Graph& graph, const Weights& weights, int max_rows, const StepTypes& types,
    ThreadPool& pool, std::unique_ptr<StepOffload> offload) {
  std::unique_ptr<StepExecutable> executable(
      new StepExecutable(graph, weights, types, pool, max_rows, std::move(offload)));
  if (auto compiled = executable->compile(); !compiled) return fail(compiled.error());
  return executable;
}

Result<void> StepExecutable::compile() {
  for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
    const int group = group_of(groups(), i);
    if (group < 0) {
      if (auto added = add_step(graph_.ops[i]); !added) return added;
    } else if (i == groups()[static_cast<std::size_t>(group)].first_op) {
      steps_.emplace_back().group = group;
    }
  }
  allocate();
  wanted_.reserve(max_rows_);
  describe();
  return {};
}

/// Adds the step of an operation that this device runs itself.
Result<void> StepExecutable::add_step(const Op& op) {
  if (!can_run(op.kind)) {
    return fail(ErrorCode::Unsupported, op.name + ": not an operation of a decoder step");
  }
  if (op.n_heads > 0 &&
      columns_of(op.output) != static_cast<std::size_t>(op.n_heads) * kHeadColumns) {
    return fail(ErrorCode::Unsupported, op.name + ": found " + std::to_string(op.n_heads) +
                                            " heads over " + std::to_string(columns_of(op.output)) +
                                            " columns, wanted 64 columns a head");
  }
  Step step;
  step.op = op;
  for (const Step& earlier : steps_) step.first_capture += earlier.op.captured_heads.size();
  if (auto loaded = load(step); !loaded) return loaded;
  steps_.push_back(std::move(step));
  return {};
}

/// Allocates the memory of shared tensors and the working memory of the threads.
void StepExecutable::allocate() {
  for (const std::size_t n : layout_.slots.slot_bytes) shared_.emplace_back(n);
  for (unsigned i = 0; i < pool_.size(); ++i) {
    Scratch scratch;
    for (AlignedBytes& rows : scratch.rows) rows = AlignedBytes(layout_.row_bytes);
    scratch.sums = AlignedBytes(layout_.sum_bytes);
    scratch.scores = AlignedBytes(layout_.score_bytes);
    scratch.product = RowProduct(kAttentionRows, layout_.product_depth);
    scratch.best.reserve(layout_.best);
    scratch.exact.resize(layout_.exact);
    scratch_.push_back(std::move(scratch));
  }
  plan_.working_bytes = layout_.shared_bytes() + pool_.size() * layout_.scratch_bytes();
}

void StepExecutable::describe() {
  plan_.graph = graph_.name;
  static const Plan nothing;
  const Plan& elsewhere = offload_ != nullptr ? offload_->plan() : nothing;
  plan_.summary = elsewhere.summary;
  plan_.weight_bytes += elsewhere.weight_bytes;
  plan_.working_bytes += elsewhere.working_bytes;
  const auto planned_elsewhere = [&](const Op& op) {
    const auto at = std::find_if(elsewhere.ops.begin(), elsewhere.ops.end(),
                                 [&](const PlannedOp& planned) { return planned.name == op.name; });
    return at != elsewhere.ops.end() ? &*at : nullptr;
  };
  for (const Step& step : steps_) {
    if (step.group >= 0) {
      const StepOffload::Group& group = groups()[static_cast<std::size_t>(step.group)];
      for (std::size_t i = group.first_op; i < group.end_op; ++i) {
        if (const PlannedOp* planned = planned_elsewhere(graph_.ops[i]))
          plan_.ops.push_back(*planned);
      }
      continue;
    }
    for (const std::vector<float>* values :
         {&step.gamma, &step.beta, &step.bias, &step.positions}) {
      plan_.weight_bytes += values->size() * sizeof(float);
    }
    std::string how = "f32";
    if (step.matrix) {
      plan_.weight_bytes += step.matrix->bytes();
      how = "panels of 64, weights " + std::string(to_string(step.matrix->type()));
      if (step.matrix->type() == DataType::I8 && has_tiles()) {
        how += ", many rows on matrix tiles";
      }
      if (is_refined(step))
        how += ", the best " + std::to_string(step.op.n_exact_best) + " again from the model file";
    } else if (step.op.kind == OpKind::Embedding) {
      how = "rows of the model file";
    } else if (step.op.kind == OpKind::CachedAttention) {
      how = "cache " + std::string(to_string(types_.self_cache));
    } else if (step.op.kind == OpKind::CrossAttention) {
      how = "cache " + std::string(to_string(types_.cross_cache));
    }
    const PlannedOp* planned = planned_elsewhere(step.op);
    plan_.ops.push_back({step.op.name, "cpu", how,
                         planned != nullptr ? planned->reason : std::string(),
                         count_flops(graph_, step.op)});
  }
}

Result<void> StepExecutable::load(Step& step) {
  const Op& op = step.op;
  const auto read = [&](const std::string& name, std::span<const std::int64_t> dims,
                        std::vector<float>& out) -> Result<void> {
    if (name.empty()) return {};
    const auto variable = weights_.get(name, dims);
    if (!variable) return fail(variable.error());
    auto values = weights_.read(**variable);
    if (!values) return fail(values.error());
    out = std::move(*values);
    return {};
  };
  const std::array<std::int64_t, 1> columns = {graph_.tensor(op.output).columns};
  if (op.kind == OpKind::LayerNorm) {
    if (auto r = read(op.weight, columns, step.gamma); !r) return r;
    return read(op.bias, columns, step.beta);
  }
  if (op.weight.empty()) return {};
  const Variable* found = weights_.find(op.weight);
  if (found == nullptr)
    return fail(ErrorCode::CorruptModel, "variable '" + op.weight + "' is missing");
  // An embedding has one row for each token. The graph does not specify the number of tokens.
  const bool by_token = op.kind == OpKind::Embedding;
  const std::array<std::int64_t, 2> dims = {by_token ? found->n_rows() : columns[0],
                                            graph_.tensor(by_token ? op.output : op.input).columns};
  const auto stored = weights_.get(op.weight, dims);
  if (!stored) return fail(stored.error());
  step.stored = *stored;
  if (!by_token) {
    auto matrix = read_panels(weights_, *step.stored, types_.packed_type(*step.stored), pool_);
    if (!matrix) return fail(matrix.error());
    step.matrix = std::move(*matrix);
  }
  if (auto r = read(op.bias, columns, step.bias); !r) return r;
  if (step.matrix && !step.bias.empty()) step.bias.resize(step.matrix->n_panels() * kPanelColumns);
  // There is one position for each token that a row may attend to.
  return read(op.position, std::array<std::int64_t, 2>{input_rows(graph_, 0), columns[0]},
              step.positions);
}

Result<std::unique_ptr<Buffer>> StepExecutable::allocate(TensorId id, int rows) {
  if (!graph_.inputs.empty() && id == graph_.inputs[0]) {
    return std::unique_ptr<Buffer>(std::make_unique<CpuBuffer>(
        layout_.self_cache.bytes(rows > 0 ? rows : graph_.tensor(id).rows)));
  }
  if (graph_.inputs.size() > 1 && id == graph_.inputs[1]) {
    return std::unique_ptr<Buffer>(std::make_unique<CpuBuffer>(layout_.cross_cache.bytes()));
  }
  return fail(ErrorCode::InvalidArgument,
              graph_.name + ": '" + graph_.tensor(id).name + "' is not a cache");
}

Result<Run*> StepExecutable::start(const Bindings& bindings) {
  rows_ = bindings.rows;
  if (rows_.size() > max_rows_) {
    return fail(ErrorCode::InvalidArgument,
                graph_.name + ": found " + std::to_string(rows_.size()) + " rows, wanted at most " +
                    std::to_string(max_rows_));
  }
  wanted_.clear();
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].logits != nullptr) wanted_.push_back(i);
  }
  offloaded_ = {};
  const auto job = [this](unsigned thread) { execute(thread); };
  pool_.run(job);
  if (!offloaded_) return fail(offloaded_.error());
  for (const Scratch& scratch : scratch_) {
    if (!scratch.result) return fail(scratch.result.error());
  }
  return &run_;
}

std::size_t StepExecutable::count_rows(TensorId id) const {
  return layout_.selected[static_cast<std::size_t>(id)] ? wanted_.size() : rows_.size();
}

float* StepExecutable::rows_of(unsigned thread, TensorId id) {
  const auto tensor = static_cast<std::size_t>(id);
  if (layout_.private_of[tensor] >= 0)
    return scratch_[thread].rows[layout_.private_of[tensor]].as<float>();
  const int slot = layout_.slots.slot_of[tensor];
  return slot >= 0 ? shared_[static_cast<std::size_t>(slot)].as<float>() : nullptr;
}

float* StepExecutable::output_row(TensorId id, std::size_t row, float* rows) const {
  return rows != nullptr ? rows + row * columns_of(id) : rows_[wanted_[row]].logits;
}

void StepExecutable::execute(unsigned thread) {
  Result<void>& result = scratch_[thread].result;
  result = {};
  for (const Step& step : steps_) {
    if (step.group >= 0) {
      run_group(thread, step);
      pool_.barrier();
      // All threads can read offloaded_ here: groups are not adjacent, so the next group writes it
      // only after another barrier.
      if (!offloaded_) return;
      continue;
    }
    switch (step.op.kind) {
      case OpKind::Embedding:
        result = embed(thread, step);
        break;
      // Each thread normalises and selects all rows for itself, which is cheaper than a barrier.
      case OpKind::LayerNorm:
        normalise(thread, step);
        continue;
      case OpKind::SelectRows:
        select(thread, step);
        continue;
      case OpKind::CachedAttention:
        append_to_cache(thread, step);
        pool_.barrier();
        attend_to_cache(thread, step);
        break;
      case OpKind::CrossAttention:
        attend_across(thread, step);
        break;
      default:
        multiply(thread, step);
        if (!is_refined(step)) break;
        pool_.barrier();
        if (auto refined = refine(thread, step); !refined) result = std::move(refined);
        break;
    }
    pool_.barrier();
  }
}

void StepExecutable::run_group(unsigned thread, const Step& step) {
  if (thread != 0 || rows_.empty()) return;
  const auto index = static_cast<std::size_t>(step.group);
  const StepOffload::Group& group = offload_->groups()[index];
  offloaded_ = offload_->run(index, rows_.size(), rows_of(thread, group.input),
                             rows_of(thread, group.output));
}

Result<void> StepExecutable::embed(unsigned thread, const Step& step) {
  const std::size_t columns = columns_of(step.op.output);
  float* out = rows_of(thread, step.op.output);
  const auto [first, end] = share(rows_.size(), thread, pool_.size());
  for (std::size_t i = first; i < end; ++i) {
    const std::span<float> row(out + i * columns, columns);
    if (auto read = weights_.read_rows(*step.stored, rows_[i].token, row); !read) return read;
    const float* position =
        step.positions.data() + static_cast<std::size_t>(rows_[i].position) * columns;
    for (std::size_t j = 0; j < columns; ++j) row[j] += position[j];
  }
  return {};
}

Result<void> StepExecutable::refine(unsigned thread, const Step& step) {
  const Op& op = step.op;
  const std::size_t k = columns_of(op.input);
  Scratch& scratch = scratch_[thread];
  const auto [first, end] = share(count_rows(op.output), thread, pool_.size());
  for (std::size_t i = first; i < end; ++i) {
    const float* in = rows_of(thread, op.input) + i * k;
    const std::span<float> out(output_row(op.output, i, rows_of(thread, op.output)),
                               columns_of(op.output));
    find_largest(out, static_cast<std::size_t>(op.n_exact_best), scratch.best);
    for (const int column : scratch.best) {
      if (auto read = weights_.read_rows(*step.stored, column, scratch.exact); !read) return read;
      const auto at = static_cast<std::size_t>(column);
      out[at] = dot(in, scratch.exact.data(), DataType::F32, k) +
                (step.bias.empty() ? 0.0F : step.bias[at]);
    }
  }
  return {};
}

void StepExecutable::normalise(unsigned thread, const Step& step) {
  const std::size_t columns = columns_of(step.op.output);
  const float* in = rows_of(thread, step.op.input);
  float* out = rows_of(thread, step.op.output);
  for (std::size_t i = 0; i < count_rows(step.op.output); ++i) {
    layer_norm(in + i * columns, columns, step.gamma.data(), step.beta.data(), out + i * columns,
               DataType::F32);
  }
}

void StepExecutable::select(unsigned thread, const Step& step) {
  const std::size_t columns = columns_of(step.op.output);
  const float* in = rows_of(thread, step.op.input);
  float* out = rows_of(thread, step.op.output);
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    std::copy_n(in + wanted_[i] * columns, columns, out + i * columns);
  }
}

void StepExecutable::multiply(unsigned thread, const Step& step) {
  const Op& op = step.op;
  const PanelMatrix& matrix = *step.matrix;
  const std::size_t n_rows = count_rows(op.output);
  if (n_rows == 0) return;
  const float* in = rows_of(thread, op.input);
  float* out = rows_of(thread, op.output);
  const float* residual = op.residual != kNoTensor ? rows_of(thread, op.residual) : nullptr;
  float* sums = scratch_[thread].sums.as<float>();
  const auto [first, end] = share(matrix.n_panels(), thread, pool_.size());
  RowProduct& product = scratch_[thread].product;
  const std::size_t n_at_once = std::min(n_rows, product.max_rows(matrix.k(), matrix.type()));
  for (std::size_t row = 0; row < n_rows; row += n_at_once) {
    const std::size_t n = std::min(n_at_once, n_rows - row);
    const std::size_t stride = columns_of(op.input);
    product.set_rows(in + row * stride, stride, n, matrix.k(), matrix.type());
    for (std::size_t p = first; p < end; ++p) {
      product.multiply(matrix.panel(p), matrix.scales(p), sums);
      const std::size_t column = p * kPanelColumns;
      for (std::size_t i = row; i < row + n; ++i) {
        const PanelEpilogue epilogue{
            .bias = step.bias.empty() ? nullptr : step.bias.data() + column,
            .residual =
                residual != nullptr ? residual + i * columns_of(op.output) + column : nullptr,
            .gelu = op.activation == Activation::Gelu};
        finish_panel(sums + (i - row) * kPanelColumns, epilogue,
                     output_row(op.output, i, out) + column, matrix.columns(p));
      }
    }
  }
}

void StepExecutable::append_to_cache(unsigned thread, const Step& step) {
  const std::size_t n = columns_of(step.op.output);
  const float* in = rows_of(thread, step.op.input);
  const auto [first, end] = share(rows_.size(), thread, pool_.size());
  for (std::size_t i = first; i < end; ++i) {
    const std::span<std::byte> cache = rows_[i].self_cache->host();
    const float* key = in + i * 3 * n + n;
    store_row(key, layout_.self_cache.key(cache, step.op.layer, rows_[i].cell), types_.self_cache,
              n);
    store_row(key + n, layout_.self_cache.value(cache, step.op.layer, rows_[i].cell),
              types_.self_cache, n);
  }
}

void StepExecutable::attend_to_cache(unsigned thread, const Step& step) {
  const std::size_t columns = columns_of(step.op.output);
  const auto n_heads = static_cast<std::size_t>(step.op.n_heads);
  const std::size_t element = size_of(types_.self_cache);
  const float* in = rows_of(thread, step.op.input);
  float* out = rows_of(thread, step.op.output);
  float* scores = scratch_[thread].scores.as<float>();
  const float scale = 1.0F / std::sqrt(static_cast<float>(kHeadColumns));
  const auto [first, end] = share(rows_.size() * n_heads, thread, pool_.size());
  for (std::size_t task = first; task < end; ++task) {
    const StepRow& row = rows_[task / n_heads];
    const std::size_t column = task % n_heads * kHeadColumns;
    const std::span<std::byte> cache = row.self_cache->host();
    const float* query = in + task / n_heads * 3 * columns + column;
    float* sum = out + task / n_heads * columns + column;
    StoredRows rows{.first = layout_.self_cache.key(cache, step.op.layer, 0) + column * element,
                    .stride = layout_.self_cache.row_bytes(),
                    .type = types_.self_cache,
                    .n = kHeadColumns};
    dot_rows(query, rows, row.cells, scores);
    const float total = exponentiate(scores, row.cells.size(), scale, scores, DataType::F32);
    scale_row(scores, row.cells.size(), 1.0F / total, scores, DataType::F32);
    rows.first = layout_.self_cache.value(cache, step.op.layer, 0) + column * element;
    sum_scaled_rows(scores, rows, row.cells, sum);
  }
}

void StepExecutable::attend_across(unsigned thread, const Step& step) {
  // Each task is a few rows of one stream and one head. All threads iterate over the same list of
  // tasks. Of n threads, thread i takes the tasks i, i + n, i + 2n and so on.
  std::size_t task = 0;
  for (std::size_t first = 0; first < rows_.size();) {
    std::size_t end = first + 1;
    while (end < rows_.size() && end - first < kAttentionRows &&
           rows_[end].cross_cache == rows_[first].cross_cache) {
      ++end;
    }
    for (int head = 0; head < step.op.n_heads; ++head, ++task) {
      if (task % pool_.size() == thread) attend_across(thread, step, first, end - first, head);
    }
    first = end;
  }
}

void StepExecutable::attend_across(unsigned thread, const Step& step, std::size_t first,
                                   std::size_t n_rows, int head) {
  const std::size_t columns = columns_of(step.op.output);
  const std::size_t column = static_cast<std::size_t>(head) * kHeadColumns;
  const std::size_t stride = layout_.cross_cache.padded_keys();
  const WindowPositions& positions = rows_[first].positions;
  const int n_all = static_cast<int>(layout_.cross_cache.n_keys());
  const auto n_keys = static_cast<std::size_t>(positions.count(n_all));
  const CrossCacheLayout::Head cache =
      layout_.cross_cache.head(rows_[first].cross_cache->host().data(), step.op.layer, head);
  const float* query = rows_of(thread, step.op.input) + first * columns + column;
  float* sums = scratch_[thread].sums.as<float>();
  float* scores = scratch_[thread].scores.as<float>();

  RowProduct& product = scratch_[thread].product;
  product.set_rows(query, columns, n_rows, kHeadColumns, types_.cross_cache);
  const std::size_t panel_bytes = kPanelColumns * kHeadColumns * size_of(types_.cross_cache);
  for (std::size_t key = 0; key < n_keys; key += kPanelColumns) {
    product.multiply(cache.keys + key / kPanelColumns * panel_bytes,
                     cache.key_scales != nullptr ? cache.key_scales + key : nullptr, sums);
    for (std::size_t i = 0; i < n_rows; ++i) {
      std::copy_n(sums + i * kPanelColumns, kPanelColumns, scores + i * stride + key);
    }
  }

  const float scale = 1.0F / std::sqrt(static_cast<float>(kHeadColumns));
  const float log_weight = positions.log_weight(n_all) / scale;
  const std::size_t n_dense = n_keys - static_cast<std::size_t>(positions.sparse);
  const std::vector<int>& captured = step.op.captured_heads;
  std::array<float, kAttentionRows> totals;
  for (std::size_t i = 0; i < n_rows; ++i) {
    float* row = scores + i * stride;
    for (std::size_t key = n_dense; key < n_keys; ++key) row[key] += log_weight;
    totals[i] = exponentiate(row, n_keys, scale, row, DataType::F32);
    const StepRow& r = rows_[first + i];
    for (std::size_t c = 0; c < captured.size() && r.attention != nullptr; ++c) {
      if (captured[c] != head) continue;
      float* to = r.attention + (step.first_capture + c) * r.attention_stride;
      scale_row(row, n_dense, 1.0F / totals[i], to, DataType::F32);
      std::fill(to + n_dense, to + n_all, 0.0F);
    }
    if (cache.value_scales != nullptr) {
      for (std::size_t key = 0; key < n_keys; ++key) row[key] *= cache.value_scales[key];
    }
  }

  product.set_rows(scores, stride, n_rows, n_keys, types_.cross_cache);
  product.multiply(cache.values, nullptr, sums);
  float* out = rows_of(thread, step.op.output) + first * columns + column;
  for (std::size_t i = 0; i < n_rows; ++i) {
    scale_row(sums + i * kPanelColumns, kHeadColumns, 1.0F / totals[i], out + i * columns,
              DataType::F32);
  }
}

}  // namespace npuwhisper::cpu
