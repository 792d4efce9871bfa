// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/encoder_operations.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "design/core_interface.h"
#include "design/pack_panels.h"
#include "device/tensor_slots.h"
#include "simd/round_up.h"

namespace npuwhisper::npu_device {
namespace {

constexpr int kHeadColumns = 64;
constexpr float kEpsilon = 1e-5F;
constexpr std::uint64_t kElement = 2;  // bytes of a bf16
// The page size. The outputs of different operations share no page.
constexpr std::uint64_t kBufferAlign = 4096;

std::size_t index(TensorId id) {
  return static_cast<std::size_t>(id);
}
std::uint64_t elements(int rows, int columns) {
  return static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns);
}

std::uint64_t round_to_pages(std::uint64_t bytes) {
  return round_up(bytes, kBufferAlign);
}

/// Returns the operations that read `id` as input or residual.
std::vector<const Op*> readers(const Graph& graph, TensorId id) {
  std::vector<const Op*> found;
  for (const Op& op : graph.ops) {
    if (op.input == id || op.residual == id) found.push_back(&op);
  }
  return found;
}

bool is_output(const Graph& graph, TensorId id) {
  return std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end();
}

/// A graph after the removal of layer norms. A layer norm is removed if only products read its
/// output. norm_of holds the removed layer norm of each of these products.
struct Folded {
  Graph graph;
  std::vector<Op> norm_of;  ///< Removed norm of each product, by its output; empty name: none.
};

Folded fold_norms(const Graph& graph) {
  Folded folded{graph, std::vector<Op>(graph.tensors.size())};
  folded.graph.ops.clear();
  std::vector<TensorId> instead(graph.tensors.size(), kNoTensor);
  for (const Op& op : graph.ops) {
    const auto users = readers(graph, op.output);
    const bool only_products = std::all_of(users.begin(), users.end(), [&](const Op* user) {
      return user->kind == OpKind::Gemm && user->residual != op.output;
    });
    if (op.kind == OpKind::LayerNorm && only_products && !is_output(graph, op.output)) {
      folded.norm_of[index(op.output)] = op;
      instead[index(op.output)] = op.input;
      continue;
    }
    folded.graph.ops.push_back(op);
  }
  // Each product that reads the output of a removed norm reads the norm's input instead. The norm's
  // entry in norm_of moves from the norm's output to the product's output.
  for (Op& op : folded.graph.ops) {
    if (op.input != kNoTensor && instead[index(op.input)] != kNoTensor) {
      folded.norm_of[index(op.output)] = folded.norm_of[index(op.input)];
      op.input = instead[index(op.input)];
    }
  }
  for (std::size_t i = 0; i < instead.size(); ++i) {
    if (instead[i] != kNoTensor) folded.norm_of[i] = {};
  }
  return folded;
}

/// Places each tensor and converts the graph's operations to operations of the array, one by one.
class Lowering {
 public:
  Lowering(const Graph& graph, const npu::DesignSpec& spec, Places places, std::uint64_t first_free)
      : folded_(fold_norms(graph)),
        graph_(folded_.graph),
        pass_(spec.core_rows * npu::core::kTile),
        places_(std::move(places)),
        workspace_(first_free) {
    places_.resize(graph_.tensors.size());
  }

  Result<EncoderOperations> run(const Graph& whole) {
    place();
    for (const Op& op : graph_.ops) {
      if (auto fits = check_columns(op); !fits) return fail(fits.error());
      if (auto lowered = lower(op); !lowered) return fail(lowered.error());
    }
    for (const Op& op : whole.ops) {
      const bool kept = std::any_of(graph_.ops.begin(), graph_.ops.end(),
                                    [&](const Op& k) { return k.name == op.name; });
      if (!kept) result_.folded.push_back(op.name);
    }
    result_.bytes[kWorkspace] = workspace_;
    return std::move(result_);
  }

 private:
  int padded_rows(TensorId id) const { return round_up(graph_.tensor(id).rows, pass_); }

  /// Returns the convolution that reads `id`; nullptr if there is none.
  const Op* convolution_of(TensorId id) const {
    for (const Op* op : readers(graph_, id)) {
      if (op->kind == OpKind::Conv1d) return op;
    }
    return nullptr;
  }
  bool feeds_attention(TensorId id) const {
    const auto users = readers(graph_, id);
    return users.size() == 1 && users[0]->kind == OpKind::Attention;
  }

  /// Returns the number of rows in the buffer of a convolution's input. The buffer begins with a
  /// row of zeros and holds all rows that the windows of the padded output rows reach.
  int window_rows(const Op& conv) const {
    const int columns = graph_.tensor(conv.input).columns;
    const int window = round_up(conv.kernel * columns, npu::core::kTile);
    const int last = (padded_rows(conv.output) - 1) * conv.stride;
    return std::max(last + (window + columns - 1) / columns, 1 + padded_rows(conv.input));
  }

  std::uint64_t tensor_bytes(TensorId id) const {
    const TensorSpec& tensor = graph_.tensor(id);
    const Op* conv = convolution_of(id);
    return elements(conv != nullptr ? window_rows(*conv) : padded_rows(id), tensor.columns) *
           kElement;
  }

  std::uint64_t take(std::uint64_t bytes) {
    const std::uint64_t offset = workspace_;
    workspace_ += round_to_pages(bytes);
    return offset;
  }

  /// Returns whether the tensor is sent to the host: as an output, or for a cache.
  bool leaves(TensorId id) const {
    const auto users = readers(graph_, id);
    return is_output(graph_, id) || std::any_of(users.begin(), users.end(), [](const Op* user) {
             return user->kind == OpKind::StoreCrossCache;
           });
  }
  bool is_bound(TensorId id) const { return places_[index(id)].has_value() || leaves(id); }

  void place() {
    matrices_.resize(graph_.tensors.size());
    std::vector<std::size_t> bytes(graph_.tensors.size(), 0);
    std::vector<int> stage_of;
    for (const Op& op : graph_.ops) {
      stage_of.push_back(static_cast<int>(stage_of.size()));
      // A convolution's input shares no slot, because its row of zeros must not be overwritten.
      if (!is_bound(op.output) && convolution_of(op.output) == nullptr) {
        bytes[index(op.output)] = tensor_bytes(op.output);
      }
    }
    const TensorSlots slots = assign_slots(graph_, bytes, stage_of);
    std::vector<std::uint64_t> offsets;
    for (const std::size_t n : slots.slot_bytes) offsets.push_back(take(n));
    for (const Op& op : graph_.ops) {
      if (op.kind == OpKind::StoreCrossCache) continue;
      const TensorId id = op.output;
      const int slot = slots.slot_of[index(id)];
      if (places_[index(id)]) {
        matrices_[index(id)] = *places_[index(id)];
      } else if (leaves(id)) {
        matrices_[index(id)] = {kOutput, result_.bytes[kOutput], graph_.tensor(id).columns};
        result_.bytes[kOutput] += round_to_pages(tensor_bytes(id));
        if (is_output(graph_, id)) result_.output = matrices_[index(id)];
      } else {
        const std::uint64_t offset =
            slot >= 0 ? offsets[static_cast<std::size_t>(slot)] : take(tensor_bytes(id));
        matrices_[index(id)] = {kWorkspace, offset, graph_.tensor(id).columns};
      }
    }
    for (const TensorId input : graph_.inputs) {
      if (places_[index(input)]) {
        matrices_[index(input)] = *places_[index(input)];
        continue;
      }
      matrices_[index(input)] = {kInput, 0, graph_.tensor(input).columns};
      result_.bytes[kInput] = tensor_bytes(input);
      result_.input = first_row(input);
    }
  }

  /// Returns the matrix of a tensor from its row 0 on. If a convolution reads the tensor, a row of
  /// zeros precedes row 0 in memory.
  npu::HostMatrix first_row(TensorId id) const {
    npu::HostMatrix matrix = matrices_[index(id)];
    if (convolution_of(id) != nullptr) matrix.offset += elements(1, matrix.row_stride) * kElement;
    return matrix;
  }

  /// Checks the numbers of columns that `op` reads and writes. The array writes tiles of 64 columns
  /// to contiguous rows, and reads rows in words of two elements.
  Result<void> check_columns(const Op& op) const {
    const int read = graph_.tensor(op.input).columns;
    if (read % 2 != 0) {
      return fail(ErrorCode::Unsupported, op.name + ": " + std::to_string(read) +
                                              " columns of input, wanted an even number");
    }
    const int written = graph_.tensor(op.output).columns;
    if (op.kind != OpKind::StoreCrossCache && written % npu::core::kTile != 0) {
      return fail(ErrorCode::Unsupported, op.name + ": " + std::to_string(written) +
                                              " columns, wanted a multiple of " +
                                              std::to_string(npu::core::kTile));
    }
    return {};
  }

  Result<void> lower(const Op& op) {
    switch (op.kind) {
      case OpKind::Conv1d:
        return lower_convolution(op);
      case OpKind::Gemm:
        return lower_product(op);
      case OpKind::Attention:
        return lower_attention(op);
      case OpKind::LayerNorm:
        return lower_norm(op);
      case OpKind::StoreCrossCache:
        result_.cache_rows.push_back({op, matrices_[index(op.input)]});
        return {};
      default:
        return fail(ErrorCode::Unsupported, op.name + ": not an operation of the array");
    }
  }

  void add(const Op& op, decltype(npu::Operation::what) what) {
    result_.operations.push_back({op.name, std::move(what)});
    result_.sources.push_back({op, folded_.norm_of[index(op.output)], feeds_attention(op.output)});
  }

  Result<void> lower_convolution(const Op& op) {
    const TensorSpec& in = graph_.tensor(op.input);
    const TensorSpec& out = graph_.tensor(op.output);
    if (op.kernel != 3) return fail(ErrorCode::Unsupported, op.name + ": wanted a kernel of 3");
    npu::ProductPart part{.n = out.columns,
                          .output = first_row(op.output),
                          .gelu = op.activation == Activation::Gelu};
    if (auto residual = residual_of(op); residual) {
      part.residual = *residual;
    } else if (op.residual != kNoTensor || !op.position.empty()) {
      return fail(ErrorCode::Unsupported,
                  op.name + ": found both a position and a residual, wanted at most one");
    }
    npu::HostMatrix windows = matrices_[index(op.input)];
    windows.row_stride = op.stride * in.columns;
    add(op, npu::Product{
                .m = out.rows, .k = op.kernel * in.columns, .input = windows, .parts = {part}});
    return {};
  }

  std::optional<npu::HostMatrix> residual_of(const Op& op) {
    if (op.residual != kNoTensor && op.position.empty()) return first_row(op.residual);
    if (op.residual != kNoTensor || op.position.empty()) return std::nullopt;
    const TensorSpec& out = graph_.tensor(op.output);
    const npu::HostMatrix matrix{
        kWorkspace, take(elements(padded_rows(op.output), out.columns) * kElement), out.columns};
    result_.constants.push_back({matrix, op.position, out.rows, out.columns});
    return matrix;
  }

  Result<void> lower_product(const Op& op) {
    const TensorSpec& in = graph_.tensor(op.input);
    const TensorSpec& out = graph_.tensor(op.output);
    npu::Product product{.m = in.rows, .k = in.columns, .input = first_row(op.input)};
    if (!folded_.norm_of[index(op.output)].name.empty()) {
      product.normalised = true;
      product.epsilon = kEpsilon;
    }
    if (feeds_attention(op.output)) {
      const int d = out.columns / 3;
      const auto [queries, keys, values] = attention_inputs(op.output);
      // Scales the queries by 1 / sqrt(64) instead of the attention scores. This scaling is exact,
      // because 0.125 is a power of two.
      product.parts = {{.n = d, .output = queries, .scale = 0.125F},
                       {.n = d, .output = keys, .transposed = true},
                       {.n = d, .output = values}};
    } else {
      product.parts = {{.n = out.columns,
                        .output = first_row(op.output),
                        .gelu = op.activation == Activation::Gelu,
                        .residual = residual_of(op)}};
    }
    add(op, std::move(product));
    return {};
  }

  struct AttentionInputs {
    npu::HostMatrix queries, keys, values;
  };
  /// Divides the place of a tensor into three matrices: queries, transposed keys, values.
  AttentionInputs attention_inputs(TensorId id) const {
    const int d = graph_.tensor(id).columns / 3;
    const int rows = padded_rows(id);
    const std::uint64_t size = elements(rows, d) * kElement;
    const std::uint64_t offset = matrices_[index(id)].offset;
    return {{kWorkspace, offset, d},
            {kWorkspace, offset + size, rows},
            {kWorkspace, offset + 2 * size, d}};
  }

  Result<void> lower_attention(const Op& op) {
    const TensorSpec& out = graph_.tensor(op.output);
    if (out.columns != op.n_heads * kHeadColumns || !feeds_attention(op.input)) {
      return fail(ErrorCode::Unsupported,
                  op.name + ": wanted heads of 64 columns, and a product whose result no other " +
                      "operation reads; found " + std::to_string(op.n_heads) + " heads over " +
                      std::to_string(out.columns) + " columns");
    }
    const auto [queries, keys, values] = attention_inputs(op.input);
    add(op, npu::Attention{.n_queries = out.rows,
                           .n_keys = out.rows,
                           .n_heads = op.n_heads,
                           .queries = queries,
                           .keys = keys,
                           .values = values,
                           .output = first_row(op.output)});
    return {};
  }

  Result<void> lower_norm(const Op& op) {
    const TensorSpec& out = graph_.tensor(op.output);
    add(op, npu::LayerNorm{.m = out.rows,
                           .k = out.columns,
                           .epsilon = kEpsilon,
                           .input = first_row(op.input),
                           .output = first_row(op.output)});
    return {};
  }

  Folded folded_;
  const Graph& graph_;
  int pass_;
  Places places_;
  std::uint64_t workspace_;
  std::vector<npu::HostMatrix> matrices_;  // place of each tensor
  EncoderOperations result_;
};

Result<std::vector<float>> read(const Weights& weights, const std::string& name, std::uint64_t n) {
  if (name.empty()) return std::vector<float>(n, 0.0F);
  const Variable* variable = weights.find(name);
  if (variable == nullptr) {
    return fail(ErrorCode::CorruptModel, "variable '" + name + "' is missing");
  }
  if (static_cast<std::uint64_t>(variable->n_elements()) != n) {
    return fail(ErrorCode::CorruptModel, "variable '" + name + "': found " +
                                             to_string(variable->dims) + ", wanted " +
                                             std::to_string(n) + " numbers");
  }
  return weights.read(*variable);
}

/// Reorders a convolution's weight from [out, in, kernel] to [out, kernel, in], because the array
/// reads the consecutive input rows of an output row as one vector.
std::vector<float> by_tap(const std::vector<float>& weight, std::size_t n_out, std::size_t n_in,
                          std::size_t kernel) {
  std::vector<float> turned(weight.size());
  for (std::size_t o = 0; o < n_out; ++o) {
    for (std::size_t i = 0; i < n_in; ++i) {
      for (std::size_t t = 0; t < kernel; ++t)
        turned[(o * kernel + t) * n_in + i] = weight[(o * n_in + i) * kernel + t];
    }
  }
  return turned;
}

Result<void> pack_product(const EncoderOperations::Source& source, const npu::Product& product,
                          const npu::Plan& plan, std::size_t operation, const Weights& weights,
                          std::span<std::byte> packed) {
  const auto k = static_cast<std::size_t>(product.k);
  std::size_t n = 0;
  for (const npu::ProductPart& part : product.parts) n += static_cast<std::size_t>(part.n);
  auto weight = read(weights, source.op.weight, n * k);
  if (!weight) return fail(weight.error());
  if (source.op.kind == OpKind::Conv1d) {
    const auto kernel = static_cast<std::size_t>(source.op.kernel);
    *weight = by_tap(*weight, n, k / kernel, kernel);
  }
  const auto bias = read(weights, source.op.bias, n);
  if (!bias) return fail(bias.error());
  std::vector<float> gamma, beta;
  if (product.normalised) {
    auto read_gamma = read(weights, source.norm.weight, k);
    if (!read_gamma) return fail(read_gamma.error());
    auto read_beta = read(weights, source.norm.bias, k);
    if (!read_beta) return fail(read_beta.error());
    gamma = std::move(*read_gamma);
    beta = std::move(*read_beta);
  }
  std::vector<npu::Parameters> parts;
  std::size_t row = 0;
  for (const npu::ProductPart& part : product.parts) {
    const auto rows = static_cast<std::size_t>(part.n);
    parts.push_back({.weights = {.f32 = std::span(*weight).subspan(row * k, rows * k)},
                     .bias = std::span(*bias).subspan(row, rows),
                     .gamma = gamma,
                     .beta = beta});
    row += rows;
  }
  return npu::pack_panels(plan, operation, parts, packed);
}

}  // namespace

Result<EncoderOperations> make_encoder_operations(const Graph& graph, const npu::DesignSpec& spec) {
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1) {
    return fail(ErrorCode::Unsupported, graph.name + ": wanted one input and one output");
  }
  return Lowering(graph, spec, {}, 0).run(graph);
}

Result<EncoderOperations> make_encoder_operations(const Graph& graph, const npu::DesignSpec& spec,
                                                  const Places& places, std::uint64_t first_free) {
  return Lowering(graph, spec, places, first_free).run(graph);
}

void use_int8_weights(EncoderOperations& encoder) {
  constexpr int kColumns = npu::core::kInt8Steps * npu::core::kTile;
  for (std::size_t i = 0; i < encoder.operations.size(); ++i) {
    auto* product = std::get_if<npu::Product>(&encoder.operations[i].what);
    if (product == nullptr || encoder.sources[i].op.kind == OpKind::Conv1d) continue;
    if (product->k % kColumns == 0) product->weights = npu::WeightType::Int8;
  }
}

void use_parts(EncoderOperations& operations) {
  for (npu::Operation& operation : operations.operations) {
    if (auto* product = std::get_if<npu::Product>(&operation.what)) product->in_parts = true;
  }
}

Result<void> pack_weights(const EncoderOperations& encoder, const npu::Plan& plan,
                          const Weights& weights, std::span<std::byte> packed) {
  for (std::size_t i = 0; i < encoder.operations.size(); ++i) {
    const EncoderOperations::Source& source = encoder.sources[i];
    const auto& what = encoder.operations[i].what;
    Result<void> done;
    if (const auto* product = std::get_if<npu::Product>(&what)) {
      done = pack_product(source, *product, plan, i, weights, packed);
    } else if (const auto* norm = std::get_if<npu::LayerNorm>(&what)) {
      const auto k = static_cast<std::uint64_t>(norm->k);
      const auto gamma = read(weights, source.op.weight, k);
      if (!gamma) return fail(gamma.error());
      const auto beta = read(weights, source.op.bias, k);
      if (!beta) return fail(beta.error());
      const std::array<npu::Parameters, 1> parameters = {{{.gamma = *gamma, .beta = *beta}}};
      done = npu::pack_panels(plan, i, parameters, packed);
    } else {
      done = npu::pack_panels(plan, i, {}, packed);
    }
    if (!done) return done;
  }
  return {};
}

Result<void> fill_workspace(const EncoderOperations& encoder, const Weights& weights,
                            std::span<std::byte> workspace) {
  std::fill(workspace.begin(), workspace.end(), std::byte{0});
  for (const Constant& constant : encoder.constants) {
    const auto values = read(weights, constant.variable, elements(constant.rows, constant.columns));
    if (!values) return fail(values.error());
    for (std::size_t i = 0; i < values->size(); ++i) {
      const std::uint16_t bits = npu::to_bf16((*values)[i]);
      std::memcpy(workspace.data() + constant.matrix.offset + i * kElement, &bits, sizeof bits);
    }
  }
  return {};
}

}  // namespace npuwhisper::npu_device
