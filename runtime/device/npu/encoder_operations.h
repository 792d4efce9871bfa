// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "design/design_spec.h"
#include "design/operation.h"
#include "design/plan.h"
#include "device/graph.h"
#include "model/weights.h"

namespace npuwhisper::npu_device {

/// The host buffers of a run, in the order of its arguments.
enum Argument : int { kPacked, kWorkspace, kInput, kOutput, kNArguments };

/// A bf16 matrix that is the same in all runs (a position embedding).
struct Constant {
  npu::HostMatrix matrix{};
  std::string variable{};
  int rows = 0;
  int columns = 0;
};

/// The keys and values of a layer's cross-attention in the output buffer. Each row holds the keys
/// of all heads for one position, then the values.
struct CacheRows {
  Op store{};  ///< The graph's StoreCrossCache operation, which the host runs.
  npu::HostMatrix rows{};
};

/// The operations of the array that compute a graph. A layer norm is folded into products if only
/// these products read its output. The host runs the operations that store in a cache. Every other
/// operation of the graph is one operation of the array.
struct EncoderOperations {
  /// The source of an operation's weights.
  struct Source {
    Op op{};                       ///< The operation of the graph.
    Op norm{};                     ///< The folded layer norm; empty name: none.
    bool feeds_attention = false;  ///< True: queries, keys and values are separate matrices.
  };
  std::vector<npu::Operation> operations{};
  std::vector<Source> sources{};  ///< One for each operation.
  /// Names of the graph's layer norms that are folded into products.
  std::vector<std::string> folded{};
  std::vector<Constant> constants{};
  npu::HostMatrix input{};   ///< The graph's input, from its row 0 on.
  npu::HostMatrix output{};  ///< The graph's (first) output, from its row 0 on.
  /// Rows for the caches. If there are any, `output` is not used.
  std::vector<CacheRows> cache_rows{};
  /// Size of each buffer in bytes. The plan determines the size of kPacked.
  std::array<std::uint64_t, kNArguments> bytes{};
};

/// Creates the operations of a graph over windows. kInput holds the graph's input. kOutput holds
/// the graph's output or the rows for the caches. The workspace holds all other tensors. Errors:
/// Unsupported (an operation that is not a convolution, layer norm, product, attention or store;
/// not exactly one input and one output; a size that the array does not support, such as a head
/// that is not 64 columns wide).
Result<EncoderOperations> make_encoder_operations(const Graph& graph, const npu::DesignSpec& spec);

/// For each tensor, the place that several graphs share. nullopt: only one graph uses the tensor.
using Places = std::vector<std::optional<npu::HostMatrix>>;

/// Creates the operations of a graph whose inputs and outputs all have a place in `places`. All
/// other tensors are placed in the workspace from byte `first_free` on. Errors: Unsupported.
Result<EncoderOperations> make_encoder_operations(const Graph& graph, const npu::DesignSpec& spec,
                                                  const Places& places, std::uint64_t first_free);

/// Selects int8 weights for all products except convolutions. Convolutions have few weights, and an
/// error in their results would pass through every layer. A product whose number of input columns
/// is not a multiple of 128 keeps bf16 weights. The plan names the type of each product's weights.
void use_int8_weights(EncoderOperations& encoder);

/// Makes all products keep the precision of their bf16 operands (npu::Product::in_parts).
void use_parts(EncoderOperations& operations);

/// Fills the buffer kPacked with the packed weights. Errors: CorruptModel (a variable is missing,
/// or has the wrong size).
Result<void> pack_weights(const EncoderOperations& encoder, const npu::Plan& plan,
                          const Weights& weights, std::span<std::byte> packed);

/// Fills the workspace with the constants, and with zeros elsewhere. Errors: CorruptModel.
Result<void> fill_workspace(const EncoderOperations& encoder, const Weights& weights,
                            std::span<std::byte> workspace);

}  // namespace npuwhisper::npu_device
