// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "device/cpu/step_layout.h"
#include "device/cpu/step_offload.h"
#include "device/device.h"
#include "simd/panel_matrix.h"
#include "simd/row_product.h"
#include "simd/thread_pool.h"

namespace npuwhisper::cpu {

/// Runs a graph with few rows: a decoder step. The rate at which weights are read from memory
/// limits the speed of a step. Each thread therefore reads a share of each matrix's columns, and
/// computes these columns for all rows. Arithmetic is f32. Another device may run some operations
/// (step_offload.h). Reentrant; one run at a time in each object.
class StepExecutable : public Executable {
 public:
  /// `max_rows`: limit on the rows of one run. `pool` must outlive the executable, and no other
  /// thread may use it during start(). `offload`: the operations that another device runs; nullptr:
  /// none. Errors: Unsupported, CorruptModel, those of Weights. Throws std::bad_alloc.
  static Result<std::unique_ptr<StepExecutable>> create(
      const Graph& graph, const Weights& weights, int max_rows, const StepTypes& types,
      ThreadPool& pool, std::unique_ptr<StepOffload> offload = nullptr);

  const Plan& plan() const override { return plan_; }
  /// Completes the run before it returns. Errors: InvalidArgument (too many rows), those of
  /// Weights::read_rows() and of StepOffload::run().
  Result<Run*> start(const Bindings& bindings) override;
  Result<std::unique_ptr<Buffer>> allocate(TensorId id, int rows = 0) override;

 private:
  /// A run that has already ended when start() returns.
  class FinishedRun : public Run {
   public:
    Result<void> wait() override { return {}; }
  };

  /// One operation with its loaded weights, or one group of the offload. A member whose comment
  /// begins with kinds of operation is used only by operations of these kinds.
  struct Step {
    Op op;
    std::optional<PanelMatrix> matrix;  // Gemm: packed weights
    const Variable* stored = nullptr;   // Gemm, Embedding: weights as the model stores them
    std::vector<float> gamma, beta;     // LayerNorm: scale and offset
    std::vector<float> bias;            // Gemm: bias, padded to whole panels
    std::vector<float> positions;       // Embedding: [positions, n_state]
    // CrossAttention: index of the operation's first captured head in a row's attention.
    std::size_t first_capture = 0;
    int group = -1;  // group of the offload that runs instead of op; -1: none
  };

  /// The working memory of one thread.
  struct Scratch {
    AlignedBytes rows[2];  // [max_rows, n_state]: selected rows, normalised rows
    RowProduct product;
    AlignedBytes sums;         // [max(max_rows, kAttentionRows), 64]
    AlignedBytes scores;       // [kAttentionRows, keys]
    std::vector<int> best;     // columns with a row's largest logits
    std::vector<float> exact;  // one row of weights
    Result<void> result;       // this thread's result of the current run
  };

  StepExecutable(const Graph& graph, const Weights& weights, const StepTypes& types,
                 ThreadPool& pool, int max_rows, std::unique_ptr<StepOffload> offload);
  Result<void> compile();
  Result<void> add_step(const Op& op);
  void allocate();
  /// Returns the groups of the offload, which another device runs.
  std::span<const StepOffload::Group> groups() const {
    return offload_ != nullptr ? offload_->groups() : std::span<const StepOffload::Group>();
  }
  void describe();
  Result<void> load(Step& step);
  /// Returns whether the step's largest results are recomputed from the model's exact weights.
  static bool is_refined(const Step& step) {
    return step.op.n_exact_best > 0 && step.matrix->type() == DataType::I8;
  }

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

  /// Returns the rows [n, columns] of a tensor for `thread`; nullptr if the tensor is an output.
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
  StepLayout layout_;
  Plan plan_;
  FinishedRun run_;
  std::vector<Step> steps_;
  std::vector<AlignedBytes> shared_;  // one for each slot of layout_.slots
  std::vector<Scratch> scratch_;      // one for each thread

  // The members below describe the current run.
  std::span<const StepRow> rows_;
  std::vector<std::size_t> wanted_;  // indices of the rows with requested logits
  Result<void> offloaded_;           // written by thread 0 between barriers
};

}  // namespace npuwhisper::cpu
