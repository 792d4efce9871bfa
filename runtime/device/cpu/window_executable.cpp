// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/window_executable.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "simd/onednn.h"
#include "simd/round_up.h"
#include "simd/row_kernels.h"

namespace npuwhisper::cpu {
Result<Run*> WindowExecutable::start(const Bindings& bindings) {
  if (bindings.items.empty() || bindings.items.size() > static_cast<std::size_t>(batch_)) {
    return fail(ErrorCode::InvalidArgument,
                graph_.name + ": found " + std::to_string(bindings.items.size()) +
                    " batch items, wanted 1 to " + std::to_string(batch_));
  }
  for (const auto& item : bindings.items) {
    if (item.size() != graph_.inputs.size() + graph_.outputs.size()) {
      return fail(ErrorCode::InvalidArgument,
                  graph_.name + ": found " + std::to_string(item.size()) + " buffers, wanted " +
                      std::to_string(graph_.inputs.size() + graph_.outputs.size()));
    }
  }
  const WindowPositions& positions = bindings.positions;
  if (!positions.is_all() && positions != positions_for(positions.dense)) {
    return fail(ErrorCode::InvalidArgument, graph_.name + ": found " +
                                                std::to_string(positions.dense) + " + " +
                                                std::to_string(positions.sparse) +
                                                " positions, wanted a result of positions_for()");
  }
  bindings_ = bindings;
  n_items_ = static_cast<int>(bindings.items.size());
  for (auto& next : next_task_) next.store(0, std::memory_order_relaxed);
  failed_ = false;
  const onednn::SingleThreaded guard;
  const auto job = [this](unsigned thread) { execute(thread); };
  pool_.run(job);
  if (failed_) return fail(error_);
  return &run_;
}

WindowPositions WindowExecutable::positions_for(int n_dense) const {
  const int dense = round_up(std::max(n_dense, 1), kPositionStep);
  if (dense + kSparsePositions > most_thinned_) return {};
  return {dense, kSparsePositions};
}

/// Returns the number of rows that a stage computes. In a run with sparse positions, a stage
/// computes one row for each of the run's positions. The stage before the convolution with stride 2
/// computes two rows for each dense position instead.
int WindowExecutable::n_rows(const Stage& stage, const WindowPositions& positions) const {
  if (positions.is_all()) return stage.rows;
  return stage.rows == n_positions_ ? positions.count(n_positions_) : 2 * positions.dense;
}

/// Returns the number of rows of a block. GEMMs are prepared for whole blocks and for the last
/// block of a window. In a run with sparse positions, all blocks are whole, and the surplus rows of
/// the last block are computed but not read.
int WindowExecutable::n_rows(const Stage& stage, int block) const {
  if (!bindings_.positions.is_all()) return stage.block_rows;
  return std::min(stage.block_rows, stage.rows - block * stage.block_rows);
}

bool WindowExecutable::note(const Result<void>& result) {
  if (!result && !failed_.exchange(true)) error_ = result.error();
  return !failed_.load(std::memory_order_relaxed);
}

template <typename Task>
void WindowExecutable::for_each_task(std::size_t counter, int n_tasks, Task task) {
  for (int i = next_task_[counter].fetch_add(1); i < n_tasks;
       i = next_task_[counter].fetch_add(1)) {
    if (!note(task(i))) return;
  }
}

void WindowExecutable::execute(unsigned thread) {
  for (const Stage& stage : stages_) {
    const Step& first = stage.steps.front();
    if (first.op.kind == OpKind::Attention) {
      run_attention(thread, stage);
    } else if (first.op.kind == OpKind::StoreCrossCache) {
      const int n_heads = first.op.n_heads;
      for_each_task(stage.first_counter, n_items_ * n_heads, [&](int task) {
        store_head(first, task / n_heads, task % n_heads);
        return Result<void>();
      });
    } else {
      const int n = n_blocks(stage);
      for_each_task(stage.first_counter, n_items_ * n,
                    [&](int task) { return run_block(thread, stage, task / n, task % n); });
    }
    pool_.barrier();
  }
}

void WindowExecutable::run_attention(unsigned thread, const Stage& stage) {
  const int n_heads = stage.steps.front().op.n_heads;
  const int n_blocks = this->n_blocks(stage);
  std::size_t counter = stage.first_counter;
  for (int first = 0; first < n_items_ * n_heads; first += heads_at_once_) {
    // Packing overwrites the previous packed heads, so all threads must have finished reading them.
    if (first > 0) pool_.barrier();
    const int n = std::min(heads_at_once_, n_items_ * n_heads - first);
    for_each_task(counter++, n, [&](int task) {
      return pack_head(thread, stage, (first + task) / n_heads, (first + task) % n_heads);
    });
    pool_.barrier();
    for_each_task(counter++, n * n_blocks, [&](int task) {
      const int head = first + task / n_blocks;
      return attend(thread, stage, head / n_heads, head % n_heads, task % n_blocks);
    });
  }
}

Result<void> WindowExecutable::run_block(unsigned thread, const Stage& stage, int item, int block) {
  const int first = block * stage.block_rows;
  const int n_rows = this->n_rows(stage, block);
  for (const Step& step : stage.steps) {
    if (step.op.kind == OpKind::LayerNorm) {
      run_norm(thread, step, item, first, n_rows);
    } else if (step.panels) {
      run_panels(thread, step, item, first, n_rows);
    } else if (step.rounded) {
      if (auto done = run_rounded(thread, stage, step, item, first, n_rows); !done) return done;
    } else if (auto done = run_product(thread, stage, step, item, first, n_rows); !done) {
      return done;
    }
  }
  return {};
}

void WindowExecutable::run_norm(unsigned thread, const Step& step, int item, int first,
                                int n_rows) {
  const Op& op = step.op;
  for (int row = first; row < first + n_rows; ++row) {
    const auto* in = reinterpret_cast<const float*>(row_of(thread, op.input, item, row, first));
    layer_norm(in, columns_of(op.input), step.gamma.data(), step.beta.data(),
               row_of(thread, op.output, item, row, first),
               type_of_[static_cast<std::size_t>(op.output)]);
  }
}

void WindowExecutable::run_panels(unsigned thread, const Step& step, int item, int first,
                                  int n_rows) {
  const Op& op = step.op;
  const PanelMatrix& panels = *step.panels;
  const std::size_t columns = columns_of(op.output);
  const auto* in = reinterpret_cast<const float*>(row_of(thread, op.input, item, first, first));
  auto* out = reinterpret_cast<float*>(row_of(thread, op.output, item, first, first));
  const auto* residual =
      op.residual == kNoTensor
          ? nullptr
          : reinterpret_cast<const float*>(row_of(thread, op.residual, item, first, first));
  auto* sums = scratch_[thread].sums.as<float>();
  const auto rows = static_cast<std::size_t>(n_rows);
  RowProduct& product = scratch_[thread].product;
  product.set_rows(in, columns_of(op.input), rows, panels.k(), panels.type());
  for (std::size_t p = 0; p < panels.n_panels(); ++p) {
    product.multiply(panels.panel(p), panels.scales(p), sums);
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t at = i * columns + p * kPanelColumns;
      const PanelEpilogue epilogue{
          .bias = step.bias.empty() ? nullptr : step.bias.data() + p * kPanelColumns,
          .residual = residual != nullptr ? residual + at : nullptr,
          .gelu = op.activation == Activation::Gelu};
      finish_panel(sums + i * kPanelColumns, epilogue, out + at, panels.columns(p));
    }
  }
}

Result<void> WindowExecutable::run_product(unsigned thread, const Stage& stage, const Step& step,
                                           int item, int first, int n_rows) {
  const Op& op = step.op;
  std::byte* out = row_of(thread, op.output, item, first, first);
  if (op.residual != kNoTensor) copy_residual(thread, op, item, first, n_rows);
  const void* in = nullptr;
  if (op.kind == OpKind::Conv1d) {
    gather(thread, step, item, first, n_rows);
    in = scratch_[thread].gathered.data();
  } else {
    in = row_of(thread, op.input, item, first, first);
  }
  const OneDnnGemm* gemm = n_rows == stage.block_rows ? step.gemm.whole : step.gemm.last;
  auto done =
      gemm->run(thread, in, step.weight.data(), step.bias.empty() ? nullptr : step.bias.data(), out,
                scratch_[thread].onednn.data());
  if (!step.position.empty()) add_positions(step, first, n_rows, reinterpret_cast<float*>(out));
  return done;
}

Result<void> WindowExecutable::run_rounded(unsigned thread, const Stage& stage, const Step& step,
                                           int item, int first, int n_rows) {
  const Op& op = step.op;
  Scratch& scratch = scratch_[thread];
  const auto rows = static_cast<std::size_t>(n_rows);
  const std::size_t k = columns_of(op.input);
  const std::size_t n = columns_of(op.output);
  const std::byte* in = row_of(thread, op.input, item, first, first);
  const DataType in_type = type_of_[static_cast<std::size_t>(op.input)];
  auto* rounded = scratch.rounded.as<std::uint8_t>();
  for (std::size_t i = 0; i < rows; ++i) {
    scratch.rows[i] = round_row(in + i * row_bytes(op.input), in_type, k,
                                scratch.rotated.as<float>(), rounded + i * k);
  }
  std::byte* out = row_of(thread, op.output, item, first, first);
  const DataType out_type = type_of_[static_cast<std::size_t>(op.output)];
  const bool accumulate = op.residual != kNoTensor;
  if (accumulate) copy_residual(thread, op, item, first, n_rows);
  const OneDnnGemm& gemm = n_rows == stage.block_rows ? *step.gemm.whole : *step.gemm.last;
  const auto n_part = static_cast<std::size_t>(gemm.shape().n);
  const RoundedColumns columns =
      step.rounded->columns(step.bias.empty() ? nullptr : step.bias.data());
  const auto* sums = scratch.integers.as<std::int32_t>();
  for (std::size_t column = 0; column < n; column += n_part) {
    const std::byte* weight = step.weight.data() + column / n_part * gemm.packed_bytes();
    if (auto done = gemm.run(thread, rounded, weight, nullptr, scratch.integers.data(),
                             scratch.onednn.data());
        !done) {
      return done;
    }
    for (std::size_t i = 0; i < rows; ++i) {
      finish_rounded(sums + i * n_part, scratch.rows[i], columns.from(column),
                     op.activation == Activation::Gelu, accumulate,
                     out + i * row_bytes(op.output) + column * size_of(out_type), out_type, n_part);
    }
  }
  return {};
}

/// Copies the residual of an operation to its output, unless the output overwrites the residual.
void WindowExecutable::copy_residual(unsigned thread, const Op& op, int item, int first,
                                     int n_rows) {
  const std::byte* residual = row_of(thread, op.residual, item, first, first);
  std::byte* out = row_of(thread, op.output, item, first, first);
  if (residual != out)
    std::memcpy(out, residual, static_cast<std::size_t>(n_rows) * row_bytes(op.output));
}

void WindowExecutable::add_positions(const Step& step, int first, int n_rows, float* out) const {
  const std::size_t columns = columns_of(step.op.output);
  for (int row = first; row < first + n_rows; ++row, out += columns) {
    const auto position =
        static_cast<std::size_t>(bindings_.positions.position_of(row, n_positions_));
    add_scaled(1.0F, step.position.data() + position * columns * size_of(step.position_type),
               step.position_type, out, columns);
  }
}

void WindowExecutable::gather(unsigned thread, const Step& step, int item, int first, int n_rows) {
  const Op& op = step.op;
  const std::size_t columns = columns_of(op.input);
  const DataType from = type_of_[static_cast<std::size_t>(op.input)];
  const std::size_t bytes = columns * size_of(types_.compute);
  std::byte* to = scratch_[thread].gathered.data();
  const WindowPositions& positions = bindings_.positions;
  const bool thins = !positions.is_all() && graph_.tensor(op.output).rows == n_positions_;
  for (int row = first; row < first + n_rows; ++row) {
    const int centre = thins ? positions.position_of(row, n_positions_) : row;
    for (int tap = 0; tap < op.kernel; ++tap, to += bytes) {
      int source = centre * op.stride + tap - (op.kernel - 1) / 2;
      // The last computed row stands for all later rows, because this row lies in the padding and
      // all rows of the padding are equal.
      if (thins) source = std::min(source, 2 * positions.dense - 1);
      if (source < 0 || source >= graph_.tensor(op.input).rows) {
        std::memset(to, 0, bytes);
      } else {
        convert(row_of(thread, op.input, item, source, 0), from, to, types_.compute, columns);
      }
    }
  }
}

Result<void> WindowExecutable::pack_head(unsigned thread, const Stage& stage, int item, int head) {
  const Op& op = stage.steps.front().op;
  const Attention& attention = attentions_.at(n_rows(stage));
  const std::size_t columns = columns_of(op.output);
  const std::size_t element = size_of(types_.compute);
  const std::byte* row = row_of(thread, op.input, item, 0, 0);
  const std::byte* key = row + (columns + static_cast<std::size_t>(head) * kHeadColumns) * element;
  std::byte* packed = packed_head(item, op, head);
  if (auto done = attention.scores.whole->pack(thread, key, packed); !done) return done;
  return attention.mix.whole->pack(thread, key + columns * element, packed + packed_keys_bytes_);
}

Result<void> WindowExecutable::attend(unsigned thread, const Stage& stage, int item, int head,
                                      int block) {
  const Op& op = stage.steps.front().op;
  const int first = block * stage.block_rows;
  const int n_rows = this->n_rows(stage, block);
  const bool whole = n_rows == stage.block_rows;
  const Attention& attention = attentions_.at(this->n_rows(stage));
  const OneDnnGemm& scores = whole ? *attention.scores.whole : *attention.scores.last;
  const OneDnnGemm& mix = whole ? *attention.mix.whole : *attention.mix.last;
  Scratch& scratch = scratch_[thread];
  const std::size_t column =
      static_cast<std::size_t>(head) * kHeadColumns * size_of(types_.compute);
  std::byte* packed = packed_head(item, op, head);

  // Copies the head's queries, because oneDNN's fastest kernels require operands without gaps
  // between rows.
  const std::size_t query_bytes = kHeadColumns * size_of(types_.compute);
  for (int i = 0; i < n_rows; ++i) {
    std::memcpy(scratch.queries.data() + static_cast<std::size_t>(i) * query_bytes,
                row_of(thread, op.input, item, first + i, 0) + column, query_bytes);
  }
  if (auto done = scores.run(thread, scratch.queries.data(), packed, nullptr, scratch.scores.data(),
                             scratch.onednn.data());
      !done) {
    return done;
  }
  // The attention weights overwrite the scores in place. exponentiate() reads the scores in order,
  // and a weight never takes more bytes than a score.
  const float scale = 1.0F / std::sqrt(static_cast<float>(kHeadColumns));
  const WindowPositions& positions = bindings_.positions;
  const auto n_keys = static_cast<std::size_t>(this->n_rows(stage));
  const std::size_t n_dense = n_keys - static_cast<std::size_t>(positions.sparse);
  const float log_weight = positions.log_weight(n_positions_) / scale;
  auto* mixed = scratch.mixed.as<float>();
  float* totals = mixed + static_cast<std::size_t>(stage.block_rows) * kHeadColumns;
  for (int i = 0; i < n_rows; ++i) {
    const std::size_t element = static_cast<std::size_t>(i) * n_keys;
    float* row = scratch.scores.as<float>() + element;
    for (std::size_t key = n_dense; key < n_keys; ++key) row[key] += log_weight;
    totals[i] =
        exponentiate(row, n_keys, scale, scratch.scores.data() + element * size_of(types_.compute),
                     types_.compute);
  }
  if (auto done = mix.run(thread, scratch.scores.data(), packed + packed_keys_bytes_, nullptr,
                          mixed, scratch.onednn.data());
      !done) {
    return done;
  }
  for (int i = 0; i < n_rows; ++i) {
    scale_row(mixed + static_cast<std::size_t>(i) * kHeadColumns, kHeadColumns, 1.0F / totals[i],
              row_of(thread, op.output, item, first + i, 0) + column, types_.compute);
  }
  return {};
}

void WindowExecutable::store_head(const Step& step, int item, int head) {
  const auto* keys = reinterpret_cast<const float*>(row_of(0, step.op.input, item, 0, 0)) +
                     static_cast<std::size_t>(head) * kHeadColumns;
  const std::size_t columns = columns_of(step.op.input);
  Buffer* cache =
      bindings_.items[static_cast<std::size_t>(item)]
                     [static_cast<std::size_t>(bound_[static_cast<std::size_t>(step.op.output)])];
  cross_layout_.store(cache->host().data(), step.op.layer, head, keys, keys + columns / 2, columns,
                      static_cast<std::size_t>(bindings_.positions.count(n_positions_)));
}

std::byte* WindowExecutable::packed_head(int item, const Op& op, int head) const {
  const auto index = static_cast<std::size_t>((item * op.n_heads + head) % heads_at_once_);
  return workspace_.area(packed_heads_area_) + index * (packed_keys_bytes_ + packed_values_bytes_);
}

std::size_t WindowExecutable::row_bytes(TensorId id) const {
  return columns_of(id) * size_of(type_of_[static_cast<std::size_t>(id)]);
}

std::byte* WindowExecutable::row_of(unsigned thread, TensorId id, int item, int row,
                                    int first) const {
  const auto tensor = static_cast<std::size_t>(id);
  if (local_[tensor] >= 0) {
    const AlignedBytes& bytes = scratch_[thread].tensors[static_cast<std::size_t>(local_[tensor])];
    return bytes.data() + static_cast<std::size_t>(row - first) * row_bytes(id);
  }
  const std::size_t offset = static_cast<std::size_t>(row) * row_bytes(id);
  if (bound_[tensor] >= 0) {
    Buffer* buffer =
        bindings_.items[static_cast<std::size_t>(item)][static_cast<std::size_t>(bound_[tensor])];
    return buffer->host().data() + offset;
  }
  const auto rows = static_cast<std::size_t>(graph_.tensor(id).rows);
  return workspace_.area(area_of_[static_cast<std::size_t>(slots_.slot_of[tensor])]) +
         static_cast<std::size_t>(item) * rows * row_bytes(id) + offset;
}

}  // namespace npuwhisper::cpu
