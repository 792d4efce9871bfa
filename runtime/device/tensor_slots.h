// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <vector>

#include "device/graph.h"

namespace npuwhisper {

/// Describes which tensors share memory. The output of an operation takes over the slot of the
/// residual if both have the same size, no later operation reads the residual, and the residual is
/// not also the operation's input. The sum is then computed in place. Any other slot becomes free
/// after the last stage that reads its tensor.
struct TensorSlots {
  std::vector<int> slot_of;             ///< Slot of each tensor; -1: none (an input, or 0 bytes).
  std::vector<std::size_t> slot_bytes;  ///< Size of each slot in bytes.
};

/// Assigns slots to tensors. `bytes`: size of each tensor in bytes; 0: the tensor needs no slot.
/// `stage_of`: stage of each operation, in ascending order. Operations of one stage overlap in
/// time, so no operation may write memory that another operation of its stage reads.
TensorSlots assign_slots(const Graph& graph, const std::vector<std::size_t>& bytes,
                         const std::vector<int>& stage_of);

}  // namespace npuwhisper
