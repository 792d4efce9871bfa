// SPDX-License-Identifier: LGPL-2.1-or-later
// Implements the layout of a WindowExecutable's products: prepares oneDNN's products, and computes
// the sizes of weights and of the threads' working memory.
#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "device/cpu/window_executable.h"
#include "simd/round_up.h"

namespace npuwhisper::cpu {
namespace {

// Minimum number of heads whose keys and values are packed at the same time. If there are more
// threads than this number, one head for each thread is packed. A run that has fewer heads packs
// all of them. Each head takes up to 0.8 MB.
constexpr int kFewestHeads = 2;
// Maximum number of columns of a rounded product that are computed at a time. Their integer sums
// stay in a core's cache until they are finished.
constexpr std::size_t kPartColumns = 512;

bool feeds_cross_cache(const Graph& graph, TensorId tensor) {
  return std::any_of(graph.ops.begin(), graph.ops.end(), [tensor](const Op& op) {
    return op.kind == OpKind::StoreCrossCache && op.input == tensor;
  });
}

/// Raises `size` to `n` if it is smaller.
void grow(std::size_t& size, std::size_t n) {
  size = std::max(size, n);
}

/// Returns the number of columns that a rounded product computes at a time: the largest divisor of
/// n that is at most kPartColumns and a multiple of kRoundedStep.
std::size_t part_columns(std::size_t n) {
  std::size_t columns = kPartColumns;
  while (n % columns != 0) columns -= kRoundedStep;
  return columns;
}

}  // namespace

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

Result<void> WindowExecutable::prepare_step(const WeightsIndex& weights, const Stage& stage,
                                            Step& step) {
  const Op& op = step.op;
  const std::size_t n_out = columns_of(op.output);
  if (op.kind == OpKind::LayerNorm) weight_bytes_ += 2 * n_out * sizeof(float);
  if (op.kind != OpKind::Gemm && op.kind != OpKind::Conv1d) return {};
  if (!op.position.empty()) {
    const auto n = static_cast<std::size_t>(stage.rows) * n_out;
    weight_bytes_ += n * size_of(position_type(weights.find(op.position)));
  }
  if (is_rounded(op)) return prepare_rounded(stage, step);
  if (!is_in_panels(op)) return prepare_product(stage, step);
  prepare_panels(weights, stage, op);
  return {};
}

Result<void> WindowExecutable::prepare_product(const Stage& stage, Step& step) {
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
    grow(sizes_.gathered,
         static_cast<std::size_t>(stage.block_rows) * n_in * kernel * size_of(types_.compute));
  }
  weight_bytes_ += step.gemm.whole->packed_bytes();
  if (!op.bias.empty()) weight_bytes_ += n_out * sizeof(float);
  return {};
}

/// Returns whether the operands of an operation are rounded to 8 bits.
bool WindowExecutable::is_rounded(const Op& op) const {
  return types_.products == DataType::I8 && op.kind == OpKind::Gemm &&
         !feeds_cross_cache(graph_, op.output) && columns_of(op.input) % kRoundedStep == 0 &&
         columns_of(op.output) % kRoundedStep == 0;
}

/// Prepares a product whose rows and weights are rounded to 8 bits.
Result<void> WindowExecutable::prepare_rounded(const Stage& stage, Step& step) {
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
  weight_bytes_ += n_out / n_part * step.gemm.whole->packed_bytes() + RoundedWeight::bytes(n_out);
  if (!op.bias.empty()) weight_bytes_ += n_out * sizeof(float);
  const auto rows = static_cast<std::size_t>(stage.block_rows);
  grow(sizes_.rounded, rows * n_in);
  grow(sizes_.rotated, n_in * sizeof(float));
  grow(sizes_.integers, rows * n_part * sizeof(std::int32_t));
  grow(sizes_.rows, rows);
  return {};
}

/// Returns whether the weight of a product is a PanelMatrix.
bool WindowExecutable::is_in_panels(const Op& op) const {
  return types_.compute == DataType::F32 && op.kind == OpKind::Gemm && !is_rounded(op);
}

/// Returns the type of a PanelMatrix. `stored`: the weight in the model's files.
DataType WindowExecutable::panel_type(const Op& op, const Variable* stored) const {
  const DataType type = feeds_cross_cache(graph_, op.output) ? types_.projection : DataType::F16;
  const bool is_f16 = stored != nullptr && stored->type == StoredType::F16;
  return type == DataType::F16 && !is_f16 ? DataType::F32 : type;
}

void WindowExecutable::prepare_panels(const WeightsIndex& weights, const Stage& stage,
                                      const Op& op) {
  const std::size_t n_out = columns_of(op.output);
  const std::size_t n_in = columns_of(op.input);
  const DataType type = panel_type(op, weights.find(op.weight));
  weight_bytes_ += PanelMatrix::bytes(n_out, n_in, type);
  if (!op.bias.empty()) weight_bytes_ += round_up(n_out, kPanelColumns) * sizeof(float);
  const auto rows = static_cast<std::size_t>(stage.block_rows);
  grow(sizes_.sums, rows * kPanelColumns * sizeof(float));
  if (type != DataType::I8) return;
  grow(sizes_.product_rows, rows);
  grow(sizes_.product_depth, n_in);
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
  packed_heads_area_ = area_bytes_.size();
  area_bytes_.push_back(static_cast<std::size_t>(heads_at_once_) *
                        (packed_keys_bytes_ + packed_values_bytes_));
  const auto queries = static_cast<std::size_t>(stage.block_rows);
  sizes_.queries = queries * kHeadColumns * size_of(types_.compute);
  sizes_.scores = queries * static_cast<std::size_t>(stage.rows) * sizeof(float);
  sizes_.mixed = queries * (kHeadColumns + 1) * sizeof(float);
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

}  // namespace npuwhisper::cpu
