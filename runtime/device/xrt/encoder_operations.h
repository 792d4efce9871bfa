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

namespace npuwhisper::xdna {

/// The host buffers of a run, in the order of its arguments.
enum Argument : int { kPacked, kWorkspace, kInput, kOutput, kNArguments };

/// A bf16 matrix that stays the same from run to run (a position embedding).
struct Constant {
  npu::HostMatrix matrix{};
  std::string variable{};
  int rows = 0;
  int columns = 0;
};

/// Keys and values of a layer's cross-attention, side by side, as they come back to the host.
struct CacheRows {
  Op store{};  ///< The graph's operation that puts them into the cache: the host's.
  npu::HostMatrix rows{};
};

/// A graph as operations of the array. A layer norm that only products read is folded into them;
/// what only stores in a cache is left to the host; the rest is one operation for each of the
/// graph's.
struct EncoderOperations {
  /// Where an operation's weights come from.
  struct Source {
    Op op{};                       ///< Of the graph.
    Op norm{};                     ///< The folded layer norm; no name: none.
    bool feeds_attention = false;  ///< Queries, keys and values are parts of their own.
  };
  std::vector<npu::Operation> operations{};
  std::vector<Source> sources{};  ///< One for each operation.
  std::vector<std::string>
      folded{};  ///< Names of the graph's operations that have none of their own.
  std::vector<Constant> constants{};
  npu::HostMatrix input{}, output{};    ///< Row 0 of the graph's input and (first) output.
  std::vector<CacheRows> cache_rows{};  ///< Instead of an output.
  std::array<std::uint64_t, kNArguments>
      bytes{};  ///< Of each buffer; kPacked is the plan's to say.
};

/// Of a graph over windows: its input is in kInput, its output or what goes into the cache in
/// kOutput, all else in the workspace. Errors: Unsupported, for a graph that is not convolutions,
/// layer norms, products and attention with one input and one output, or heads that are not 64
/// columns wide.
Result<EncoderOperations> make_encoder_operations(const Graph& graph, const npu::DesignSpec& spec);

/// Where tensors lie that several graphs share. By tensor; none: it is the graph's own.
using Places = std::vector<std::optional<npu::HostMatrix>>;

/// As above, of a graph whose inputs and outputs all have a place; what is its own comes into the
/// workspace from byte `first_free` on.
Result<EncoderOperations> make_encoder_operations(const Graph& graph, const npu::DesignSpec& spec,
                                                  const Places& places, std::uint64_t first_free);

/// Gives int8 weights to all products but the convolutions: theirs are few, and the error would go
/// through every layer. A product whose columns of input do not come by 128 keeps bf16; its plan
/// says what it has.
void use_int8_weights(EncoderOperations& encoder);

/// Has all products as exact as bf16 operands are (npu::Product::in_parts).
void use_parts(EncoderOperations& operations);

/// Fills the buffer kPacked. Errors: CorruptModel (a variable is missing, or has the wrong size).
Result<void> pack_weights(const EncoderOperations& encoder, const npu::Plan& plan,
                          const Weights& weights, std::span<std::byte> packed);

/// Fills the workspace: zeros, and the constants. Errors: CorruptModel.
Result<void> fill_workspace(const EncoderOperations& encoder, const Weights& weights,
                            std::span<std::byte> workspace);

}  // namespace npuwhisper::xdna
