// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "device/cpu/caches.h"
#include "device/cpu/panel_matrix.h"
#include "device/cpu/row_product.h"
#include "device/cpu/step_offload.h"
#include "device/cpu/thread_pool.h"
#include "device/device.h"
#include "device/tensor_slots.h"

namespace npuwhisper::cpu {

/// How the numbers of a decoder are kept.
struct StepTypes {
  DataType weights = DataType::I8;  ///< I8, F32, or F16: exactly as the file stores them (F32 where
                                    ///< that is not F16).
  DataType self_cache = DataType::F16;  ///< F16 or F32.
  DataType cross_cache = DataType::I8;  ///< I8 or F32.
};

/// A graph with few rows, the decoder's: bound by how fast the weights stream from memory, so every
/// thread takes a share of each matrix's columns and all rows at once. Arithmetic is f32.
/// Reentrant: one run at a time. Operations may be another device's (step_offload.h).
class StepExecutable : public Executable {
 public:
  /// `max_rows`: rows of one run. `pool` must outlive the executable and belong to the caller while
  /// start() runs. `offload`: what another device runs; nullptr: nothing. Errors: Unsupported,
  /// CorruptModel. Throws std::bad_alloc.
  static Result<std::unique_ptr<StepExecutable>> create(
      const Graph& graph, const Weights& weights, int max_rows, const StepTypes& types,
      ThreadPool& pool, std::unique_ptr<StepOffload> offload = nullptr);

  const Plan& plan() const override { return plan_; }
  /// Runs to the end before it returns. Errors: those of the offload.
  Result<Run*> start(const Bindings& bindings) override;
  Result<std::unique_ptr<Buffer>> allocate(TensorId id, int rows = 0) override;

 private:
  /// Already over when start() returns.
  class FinishedRun : public Run {
   public:
    Result<void> wait(std::chrono::milliseconds) override { return {}; }
  };

  /// One operation with what it needs at hand.
  struct Step {
    Op op;
    std::optional<PanelMatrix> matrix;   // Gemm
    const Variable* stored = nullptr;    // Gemm, Embedding: the weights as the model has them
    std::vector<float> gamma, beta;      // LayerNorm
    std::vector<float> bias;             // padded to whole panels
    std::vector<float> positions;        // Embedding
    std::size_t first_capture =
        0;           // CrossAttention: index of its first captured head in a row's attention
    int group = -1;  // of the offload: instead of op
  };

  /// What one thread works with.
  struct Scratch {
    AlignedBytes rows[2];  // [max_rows, n_state]: selected rows, normalised rows
    RowProduct product;
    AlignedBytes sums;         // [max_rows, 64]
    AlignedBytes scores;       // [kAttentionRows, keys]
    std::vector<int> best;     // columns of a row's largest logits
    std::vector<float> exact;  // a row of weights
    Result<void> result;       // of the run in progress
  };

  StepExecutable(const Graph& graph, const Weights& weights, const StepTypes& types,
                 ThreadPool& pool, int max_rows, std::unique_ptr<StepOffload> offload);
  Result<void> compile();
  int group_of(std::size_t op) const;
  void describe();
  Result<void> load(Step& step);
  /// Whether the largest results are computed again from exact weights.
  static bool is_refined(const Step& step) {
    return step.op.n_exact_best > 0 && step.matrix->type() == DataType::I8;
  }

  std::size_t product_depth() const;

  void execute(unsigned thread);
  Result<void> embed(unsigned thread, const Step& step);
  void normalise(unsigned thread, const Step& step);
  void select(unsigned thread, const Step& step);
  void multiply(unsigned thread, const Step& step);
  void run_group(unsigned thread, const Step& step);
  Result<void> refine(unsigned thread, const Step& step);
  void append_to_cache(unsigned thread, const Step& step);
  void attend_to_cache(unsigned thread, const Step& step);
  void attend_across(unsigned thread, const Step& step);
  void attend_across(unsigned thread, const Step& step, std::size_t first, std::size_t n_rows,
                     int head);

  /// Rows [n, columns] of a tensor as `thread` sees them.
  float* rows_of(unsigned thread, TensorId id);
  std::size_t columns_of(TensorId id) const {
    return static_cast<std::size_t>(graph_.tensor(id).columns);
  }
  std::size_t count_rows(TensorId id) const;
  float* output_row(TensorId id, std::size_t row, float* rows) const;

  Graph graph_;
  const Weights& weights_;
  std::unique_ptr<StepOffload> offload_;
  StepTypes types_;
  ThreadPool& pool_;
  std::size_t max_rows_;
  Plan plan_;
  FinishedRun run_;
  std::vector<Step> steps_;
  std::vector<int> private_of_;  // by tensor: which of a thread's rows[] holds it; -1: shared
  std::vector<bool> selected_;   // by tensor: has a row for each row that wants logits
  TensorSlots slots_;
  std::vector<AlignedBytes> shared_;  // by slot
  std::vector<Scratch> scratch_;      // by thread
  SelfCacheLayout self_layout_;
  CrossCacheLayout cross_layout_;

  // The run in progress.
  std::span<const StepRow> rows_;
  std::vector<std::size_t> wanted_;  // rows that want logits
  Result<void> offloaded_;           // written by thread 0 between barriers
};

}  // namespace npuwhisper::cpu
