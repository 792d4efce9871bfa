// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "device/cpu/caches.h"
#include "device/cpu/step_offload.h"
#include "device/graph.h"
#include "device/graph_memory.h"
#include "device/tensor_slots.h"
#include "model/weights_index.h"
#include "simd/data_type.h"

namespace npuwhisper::cpu {

/// The data types of a decoder's weights and caches.
struct StepTypes {
  DataType weights = DataType::I8;  ///< I8, F32, or F16. F16 keeps weights as the file stores them
                                    ///< (in F32 if the file does not store F16).
  DataType self_cache = DataType::F16;  ///< F16 or F32.
  DataType cross_cache = DataType::I8;  ///< I8 or F32.

  /// Returns the type of a product's weights. `stored`: the weights in the model's files.
  DataType packed_type(const Variable& stored) const {
    const bool converts = weights == DataType::F16 && stored.type != StoredType::F16;
    return converts ? DataType::F32 : weights;
  }
};

/// The memory of a decoder step, which follows from the graph and from the types and dimensions of
/// the weights. Immutable; thread-safe.
struct StepLayout {
  /// Maximum number of rows that share one pass over the cross-attention keys of their stream.
  static constexpr std::size_t kAttentionRows = 32;

  /// Lays out `graph` for steps of up to `max_rows` rows. `groups`: operations that another device
  /// runs. `weights`: the variables of the model; variables that are missing have the size 0.
  StepLayout(const Graph& graph, const WeightsIndex& weights, std::size_t max_rows,
             const StepTypes& types, std::span<const StepOffload::Group> groups);

  /// Returns the memory of an executable with `n_threads` threads, without the other device.
  GraphMemory memory(const Graph& graph, unsigned n_threads) const;
  /// Returns the size of the working memory that all threads share.
  std::size_t shared_bytes() const;
  /// Returns the size of the working memory of one thread.
  std::size_t scratch_bytes() const;

  std::vector<int> private_of;     ///< By tensor: index into a thread's rows[]; -1: shared.
  std::vector<bool> selected;      ///< By tensor: true if it has only rows with requested logits.
  TensorSlots slots;               ///< The shared tensors.
  std::uint64_t weight_bytes = 0;  ///< Packed weights, biases, norms and positions.
  SelfCacheLayout self_cache;
  CrossCacheLayout cross_cache;

  // Sizes of a thread's working memory.
  std::size_t row_bytes = 0;      ///< Private rows, [max_rows, n_state] f32.
  std::size_t sum_bytes = 0;      ///< Sums of one panel, [rows, 64] f32.
  std::size_t score_bytes = 0;    ///< [kAttentionRows, keys] f32.
  std::size_t product_depth = 0;  ///< The largest depth (k) of any product.
  std::size_t best = 0;           ///< Number of the largest logits that are recomputed.
  std::size_t exact = 0;          ///< Largest depth (k) of a product with recomputed logits.
};

/// Returns the maximum number of keys that a row attends to in input `i` of the graph. Input 0 is
/// the self-attention cache, and input 1 is the cross-attention buffer.
int input_rows(const Graph& graph, std::size_t i);

/// Returns the group of `groups` with operation `op`; -1: none.
int group_of(std::span<const StepOffload::Group> groups, std::size_t op);

}  // namespace npuwhisper::cpu
