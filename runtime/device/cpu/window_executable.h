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
#include "device/cpu/workspace.h"
#include "device/device.h"
#include "device/tensor_slots.h"
#include "simd/panel_matrix.h"
#include "simd/rounded_rows.h"
#include "simd/row_product.h"
#include "simd/thread_pool.h"

namespace npuwhisper::cpu {

/// The data types of an encoder.
struct WindowTypes {
  /// Operands of products: F32 or Bf16. Sums and the residual stream are f32.
  DataType compute = DataType::F32;
  /// Operands of products with weights, except convolutions and the cross-attention projections:
  /// `compute`, or I8 for rounded rows and weights (rounded_rows.h). If a size does not fit rounded
  /// products, `compute` replaces I8.
  DataType products = DataType::F32;
  DataType cross_cache = DataType::I8;  ///< I8 or F32.
  /// Type of the weights of the cross-attention projections if `compute` is F32: I8 or F16. F16
  /// keeps the weights as the file stores them (in F32 if the file does not store F16). If
  /// `compute` is Bf16, these weights are bf16 too.
  DataType projection = DataType::I8;
};

/// Runs a graph over windows: the encoder, or the cross-attention projections. Arithmetic limits
/// the speed of such a graph. Attention, convolutions and all products in bf16 and int8 run on
/// oneDNN. In f32, other products with weights are panel products (panel_kernels.h). Except for
/// projections, the weights of panel products stay f16 if the file stores f16, which is at least as
/// fast as f32 weights and takes half the memory. Threads take blocks of rows, and a thread runs
/// successive row-wise operations (layer norm, product, activation, residual) on a block while the
/// block is in the cache. Attention is a stage of its own: each thread holds the scores of only one
/// block of queries of one head at a time. Reentrant; one run at a time in each object.
class WindowExecutable : public Executable {
 public:
  /// `batch`: maximum number of windows in one run. `pool` and `workspace` must outlive the
  /// executable, and no other thread may use them during start(). Errors: Unsupported,
  /// CorruptModel, those of Weights. Throws std::bad_alloc.
  static Result<std::unique_ptr<WindowExecutable>> create(const Graph& graph,
                                                          const Weights& weights, int batch,
                                                          const WindowTypes& types,
                                                          ThreadPool& pool, Workspace& workspace);

  /// Returns the memory of the executable that create() would return. Reads no weights. `weights`:
  /// the variables of the model. Errors: Unsupported. Throws std::bad_alloc.
  static Result<GraphMemory> measure(const Graph& graph, const WeightsIndex& weights, int batch,
                                     const WindowTypes& types, ThreadPool& pool);

  const Plan& plan() const override { return plan_; }
  WindowPositions positions_for(int n_dense) const override;
  /// Completes the run before it returns. Errors: InvalidArgument (number of items or buffers, or
  /// positions that are not a result of positions_for()), DeviceError, Unavailable (memory).
  Result<Run*> start(const Bindings& bindings) override;
  /// Allocates a buffer. An input of the graph that a convolution reads is f32 [rows, columns].
  /// Other inputs and outputs have the type WindowTypes::compute. The output of StoreCrossCache is
  /// a stream's cross-attention buffer.
  Result<std::unique_ptr<Buffer>> allocate(TensorId id, int rows = 0) override;

  /// Returns the names of the oneDNN kernels in use, without duplicates.
  std::vector<std::string> kernels() const;

 private:
  /// In a run with sparse positions, the number of dense positions is a multiple of kPositionStep.
  /// Attention needs products that are prepared for each possible number of keys. This step keeps
  /// the number of these products small.
  static constexpr int kPositionStep = 128;
  static constexpr int kSparsePositions = 128;

  class FinishedRun : public Run {
   public:
    Result<void> wait() override { return {}; }
  };

  /// A product for whole blocks, and a product for the last block if that block is shorter (else
  /// nullptr).
  struct BlockGemm {
    const OneDnnGemm* whole = nullptr;
    const OneDnnGemm* last = nullptr;
  };
  struct Step {
    Op op;
    BlockGemm gemm;
    AlignedBytes weight;                   // packed for gemm
    std::optional<RoundedWeight> rounded;  // if set, gemm computes a part of the columns at a time
    std::optional<PanelMatrix> panels;     // if set, replaces gemm and weight
    std::vector<float> bias;
    std::vector<float> gamma, beta;   // LayerNorm: scale and offset
    std::vector<std::byte> position;  // [rows, columns] in position_type
    DataType position_type = DataType::F32;
  };
  /// Row-wise operations that run together on one block of rows, or a single convolution, attention
  /// or store.
  struct Stage {
    std::vector<Step> steps;
    int rows = 0;
    int block_rows = 0;
    std::size_t first_counter = 0;  // index into next_task_
  };
  /// Identifies a product by its shape (m, k, n, lda, ldc, flags), the strides of the operand to
  /// pack, and the product with which it shares the packing.
  using GemmKey = std::tuple<int, int, int, int, int, int, int, int, const OneDnnGemm*>;
  /// The products of attention with a given number of keys.
  struct Attention {
    BlockGemm scores;  // [queries, 64] * [64, keys]
    BlockGemm mix;     // [queries, keys] * [keys, 64]
  };
  struct Scratch {
    AlignedBytes sums;             // sums of one panel, [block rows, 64]
    RowProduct product;            // products with panels
    AlignedBytes gathered;         // input rows of a convolution, contiguous
    AlignedBytes rounded;          // input rows of a rounded product, [block rows, k]
    AlignedBytes rotated;          // one input row of a rounded product, [k] f32
    AlignedBytes integers;         // integer sums of a part of the columns, [block rows, columns]
    std::vector<RoundedRow> rows;  // scales and means of the rounded rows
    AlignedBytes onednn;
    AlignedBytes queries;               // queries of one head, contiguous
    AlignedBytes scores;                // also holds the weights after the softmax
    AlignedBytes mixed;                 // [queries, 64] f32
    std::vector<AlignedBytes> tensors;  // one for each slot of local_
  };
  /// Sizes of the members of Scratch, in bytes.
  struct ScratchSizes {
    std::size_t sums = 0, gathered = 0, rounded = 0, rotated = 0, integers = 0;
    std::size_t onednn = 0, queries = 0, scores = 0, mixed = 0;
    std::size_t rows = 0;                             // number of rows
    std::size_t product_rows = 0, product_depth = 0;  // arguments of RowProduct; 0: none
    std::vector<std::size_t> tensors;

    /// Returns the sum of all sizes in bytes.
    std::size_t bytes() const;
  };

  WindowExecutable(const Graph& graph, int batch, const WindowTypes& types, ThreadPool& pool,
                   Workspace& workspace);
  /// Computes everything that does not depend on the values of the weights: stages, types, places
  /// of tensors, products, and the sizes of all memory.
  Result<void> lay_out(const WeightsIndex& weights);
  /// Allocates the memory and packs the weights.
  Result<void> compile(const Weights& weights);
  Result<void> divide_into_stages();
  void choose_types();
  void place_tensors();
  Scratch make_scratch() const;
  Result<void> prepare_step(const WeightsIndex& weights, const Stage& stage, Step& step);
  Result<void> prepare_product(const Stage& stage, Step& step);
  Result<void> prepare_rounded(const Stage& stage, Step& step);
  void prepare_panels(const WeightsIndex& weights, const Stage& stage, const Op& op);
  bool is_rounded(const Op& op) const;
  bool is_in_panels(const Op& op) const;
  DataType panel_type(const Op& op, const Variable* stored) const;
  /// Returns the type in which position encodings are kept. `stored`: the variable in the files.
  static DataType position_type(const Variable* stored) {
    return stored != nullptr && stored->type == StoredType::F16 ? DataType::F16 : DataType::F32;
  }
  Result<void> load(const Weights& weights, Stage& stage, Step& step);
  Result<void> load_product(const Weights& weights, const Stage& stage, Step& step);
  Result<void> load_rounded(const Weights& weights, Step& step);
  Result<void> load_panels(const Weights& weights, Step& step);
  Result<void> load_position(const Weights& weights, const Stage& stage, Step& step);
  Result<void> prepare_attention(const Stage& stage);
  Result<void> prepare_products(const Stage& stage, int n_keys, Attention& attention);
  void find_most_thinned();
  Result<const OneDnnGemm*> gemm(const GemmShape& shape, const OneDnnGemm* packing,
                                 const GemmStrides* strides);
  Result<BlockGemm> block_gemm(const Stage& stage, GemmShape shape);
  void describe(const Stage& stage);

  int n_rows(const Stage& stage, const WindowPositions& positions) const;
  /// Returns the number of rows that the current run computes in a stage.
  int n_rows(const Stage& stage) const { return n_rows(stage, bindings_.positions); }
  int n_rows(const Stage& stage, int block) const;
  int n_blocks(const Stage& stage) const {
    return (n_rows(stage) + stage.block_rows - 1) / stage.block_rows;
  }

  /// Records the error of `result`, if any. Returns whether the threads should continue: false
  /// after a thread has failed.
  bool note(const Result<void>& result);
  void execute(unsigned thread);
  template <typename Task>
  void for_each_task(std::size_t counter, int n_tasks, Task task);
  void run_attention(unsigned thread, const Stage& stage);
  Result<void> run_block(unsigned thread, const Stage& stage, int item, int block);
  Result<void> run_product(unsigned thread, const Stage& stage, const Step& step, int item,
                           int first, int n_rows);
  Result<void> run_rounded(unsigned thread, const Stage& stage, const Step& step, int item,
                           int first, int n_rows);
  void copy_residual(unsigned thread, const Op& op, int item, int first, int n_rows);
  void run_panels(unsigned thread, const Step& step, int item, int first, int n_rows);
  void run_norm(unsigned thread, const Step& step, int item, int first, int n_rows);
  void add_positions(const Step& step, int first, int n_rows, float* out) const;
  void gather(unsigned thread, const Step& step, int item, int first, int n_rows);
  Result<void> pack_head(unsigned thread, const Stage& stage, int item, int head);
  Result<void> attend(unsigned thread, const Stage& stage, int item, int head, int block);
  void store_head(const Step& step, int item, int head);

  /// Returns the first byte of row `row` of a tensor of batch item `item`. `first`: first row of
  /// the current block; tensors in a thread's scratch hold only the rows of that block.
  std::byte* row_of(unsigned thread, TensorId id, int item, int row, int first) const;
  /// Returns the packed keys of one head. The head's packed values begin packed_keys_bytes_ later.
  std::byte* packed_head(int item, const Op& op, int head) const;
  std::size_t row_bytes(TensorId id) const;
  /// Returns the size of a buffer of allocate().
  std::size_t buffer_bytes(TensorId id, int rows) const;
  std::size_t columns_of(TensorId id) const {
    return static_cast<std::size_t>(graph_.tensor(id).columns);
  }

  Graph graph_;
  int batch_;
  WindowTypes types_;
  ThreadPool& pool_;
  Workspace& workspace_;
  Plan plan_;
  FinishedRun run_;
  std::vector<Stage> stages_;
  std::vector<DataType> type_of_;  // type of each tensor
  std::vector<int> bound_;         // by tensor: index among inputs and outputs; -1: none
  std::vector<int> local_;         // by tensor: slot in a thread's scratch; -1: none
  TensorSlots slots_;
  std::vector<std::size_t> area_of_;     // by slot: area of the workspace, [batch, rows, columns]
  std::vector<std::size_t> area_bytes_;  // by area: size that this executable needs
  std::uint64_t weight_bytes_ = 0;       // size of the packed weights
  ScratchSizes sizes_;
  std::map<GemmKey, std::unique_ptr<OneDnnGemm>> gemms_;
  int n_positions_;
  int most_thinned_ = 0;  // largest number of positions of a run with sparse positions; 0: none
  std::map<int, Attention> attentions_;  // indexed by the number of keys
  // Number of heads whose packed keys and values exist at the same time, over all items of a run.
  int heads_at_once_ = 0;
  std::size_t packed_heads_area_ = 0;  // area of the workspace with the packed keys and values
  std::size_t packed_keys_bytes_ = 0;
  std::size_t packed_values_bytes_ = 0;
  std::vector<Scratch> scratch_;  // one for each thread
  CrossCacheLayout cross_layout_;

  // The members below describe the current run.
  Bindings bindings_;
  int n_items_ = 0;
  std::vector<std::atomic<int>> next_task_;  // a counter for each set of tasks that threads share
  std::atomic<bool> failed_{false};
  Error error_;  // written once, by the thread that set failed_
};

}  // namespace npuwhisper::cpu
