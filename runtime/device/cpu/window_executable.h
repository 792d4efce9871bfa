// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "device/cpu/caches.h"
#include "device/cpu/onednn_gemm.h"
#include "device/cpu/panel_matrix.h"
#include "device/tensor_slots.h"
#include "device/cpu/thread_pool.h"
#include "device/cpu/workspace.h"
#include "device/device.h"

namespace npuwhisper::cpu {

/// How the numbers of an encoder are kept.
struct WindowTypes {
  DataType compute = DataType::F32;      ///< Operands of products: F32 or Bf16. Sums and the residual stream are f32.
  DataType cross_cache = DataType::I8;   ///< I8 or F32.
  /// Weights of the cross-attention projections, where operands are f32: I8, or F16 for as the file stores them. (Where
  /// operands are bf16, so are these.)
  DataType projection = DataType::I8;
};

/// A graph over windows, the encoder's and the cross-attention projections': bound by arithmetic. Matrix products in bf16
/// are oneDNN's. In f32 those with weights are panel products (panel_kernels.h) with the weights as the file stores them,
/// f16: as fast as f32 weights or faster, in half the memory. Rows are dealt to threads in blocks, and operations that need no other rows than their own (layer norm,
/// product, activation, residual) follow one another on a block while it is in the cache. Attention is a stage of its
/// own: scores exist only for a block of queries of one head at a time. Reentrant: one run at a time.
class WindowExecutable : public Executable {
 public:
  /// `batch`: windows of one run. `pool` and `workspace` must outlive the executable and belong to the caller while
  /// start() runs.
  /// Errors: Unsupported, CorruptModel. Throws std::bad_alloc.
  static Result<std::unique_ptr<WindowExecutable>> create(const Graph& graph, const Weights& weights, int batch,
                                                          const WindowTypes& types, ThreadPool& pool,
                                                          Workspace& workspace);

  const Plan& plan() const override { return plan_; }
  WindowPositions positions_for(int n_dense) const override;
  /// Runs to the end before it returns.
  Result<Run*> start(const Bindings& bindings) override;
  /// Graph inputs of a convolution are f32 [rows, columns]; other inputs and outputs have the compute type; the output of
  /// StoreCrossCache is a stream's cross-attention buffer.
  Result<std::unique_ptr<Buffer>> allocate(TensorId id, int rows = 0) override;

  /// Names of the oneDNN kernels in use, each once.
  std::vector<std::string> kernels() const;

 private:
  /// Dense positions come in multiples of this: attention's products are made for each number of keys.
  static constexpr int kPositionStep = 128;
  static constexpr int kSparsePositions = 128;

  class FinishedRun : public Run {
   public:
    Result<void> wait(std::chrono::milliseconds) override { return {}; }
  };

  /// A product for whole blocks and one for the last, shorter block (nullptr where there is none).
  struct BlockGemm {
    const OneDnnGemm* whole = nullptr;
    const OneDnnGemm* last = nullptr;
  };
  struct Step {
    Op op;
    BlockGemm gemm;
    AlignedBytes weight;                 // packed for gemm
    std::optional<PanelMatrix> panels;   // instead of gemm and weight
    std::vector<float> bias;
    std::vector<float> gamma, beta;      // LayerNorm
    std::vector<std::byte> position;     // [rows, columns] in position_type
    DataType position_type = DataType::F32;
  };
  /// Operations that one block of rows goes through together, or one attention, or one store.
  struct Stage {
    std::vector<Step> steps;
    int rows = 0;
    int block_rows = 0;
    std::size_t first_counter = 0;       // in next_task_
  };
  /// Shape (m, k, n, lda, ldc, flags), strides of what is packed, and the product whose packing is shared.
  using GemmKey = std::tuple<int, int, int, int, int, int, int, int, const OneDnnGemm*>;
  /// Over one number of keys.
  struct Attention {
    BlockGemm scores;    // [queries, 64] * [64, keys]
    BlockGemm mix;       // [queries, keys] * [keys, 64]
  };
  struct Scratch {
    AlignedBytes sums;                   // of one panel, [block rows, 64]
    AlignedBytes gathered;               // rows of a convolution, side by side
    AlignedBytes onednn;
    AlignedBytes queries;                // of one head, side by side
    AlignedBytes scores;                 // also holds the weights after the softmax
    AlignedBytes mixed;                  // [queries, 64] f32
    std::vector<AlignedBytes> tensors;   // by block-local slot
  };

  WindowExecutable(const Graph& graph, int batch, const WindowTypes& types, ThreadPool& pool, Workspace& workspace);
  Result<void> compile(const Weights& weights);
  Result<void> divide_into_stages();
  void choose_types();
  Result<void> place_tensors();
  Result<void> load(const Weights& weights, Stage& stage, Step& step);
  Result<void> load_product(const Weights& weights, Stage& stage, Step& step);
  Result<void> load_panels(const Weights& weights, Stage& stage, Step& step);
  Result<void> load_position(const Weights& weights, const Stage& stage, Step& step);
  Result<void> prepare_attention(const Stage& stage);
  Result<void> prepare_products(const Stage& stage, int n_keys, Attention& attention);
  void find_most_thinned();
  Result<const OneDnnGemm*> gemm(const GemmShape& shape, const OneDnnGemm* packing, const GemmStrides* strides);
  void describe(const Stage& stage);

  int n_rows(const Stage& stage, const WindowPositions& positions) const;
  /// Of the run in progress.
  int n_rows(const Stage& stage) const { return n_rows(stage, bindings_.positions); }
  int n_rows(const Stage& stage, int block) const;
  int n_blocks(const Stage& stage) const { return (n_rows(stage) + stage.block_rows - 1) / stage.block_rows; }

  /// Whether every thread should go on: false once one has failed.
  bool note(const Result<void>& result);
  void execute(unsigned thread);
  template <typename Task>
  void for_each_task(std::size_t counter, int n_tasks, Task task);
  void run_attention(unsigned thread, const Stage& stage);
  Result<void> run_block(unsigned thread, const Stage& stage, int item, int block);
  Result<void> run_product(unsigned thread, const Stage& stage, const Step& step, int item, int first, int n_rows);
  void run_panels(unsigned thread, const Step& step, int item, int first, int n_rows);
  void run_norm(unsigned thread, const Step& step, int item, int first, int n_rows);
  void add_positions(const Step& step, int first, int n_rows, float* out) const;
  void gather(unsigned thread, const Step& step, int item, int first, int n_rows);
  Result<void> pack_head(unsigned thread, const Stage& stage, int item, int head);
  Result<void> attend(unsigned thread, const Stage& stage, int item, int head, int block);
  void store_head(const Step& step, int item, int head);

  /// First byte of row `row` of a tensor of batch item `item`, as `thread` sees it in the block that begins at `first`.
  std::byte* row_of(unsigned thread, TensorId id, int item, int row, int first) const;
  /// Keys of one head, packed; values after them.
  std::byte* packed_head(int item, const Op& op, int head) const;
  std::size_t row_bytes(TensorId id) const;
  std::size_t columns_of(TensorId id) const { return static_cast<std::size_t>(graph_.tensor(id).columns); }

  Graph graph_;
  int batch_;
  WindowTypes types_;
  ThreadPool& pool_;
  Workspace& workspace_;
  Plan plan_;
  FinishedRun run_;
  std::vector<Stage> stages_;
  std::vector<DataType> type_of_;         // by tensor
  std::vector<int> bound_;                // by tensor: index among inputs and outputs; -1
  std::vector<int> local_;                // by tensor: slot in a thread's scratch; -1
  TensorSlots slots_;
  std::vector<std::size_t> area_of_;      // by slot: area of the workspace, [batch, rows, columns]
  std::map<GemmKey, std::unique_ptr<OneDnnGemm>> gemms_;
  int n_positions_;
  int most_thinned_ = 0;                  // rows of the largest run that does not compute all positions
  std::map<int, Attention> attentions_;   // by number of keys
  int heads_at_once_ = 0;                 // of all items
  std::size_t packed_heads_area_ = 0;     // keys then values of each of them
  std::size_t packed_keys_bytes_ = 0;
  std::size_t packed_values_bytes_ = 0;
  std::vector<Scratch> scratch_;          // by thread
  CrossCacheLayout cross_layout_;

  // The run in progress.
  Bindings bindings_;
  int n_items_ = 0;
  std::vector<std::atomic<int>> next_task_;   // a counter for each time that threads share out tasks
  std::atomic<bool> failed_{false};
  Error error_;                               // written once, by the thread that set failed_
};

}  // namespace npuwhisper::cpu
