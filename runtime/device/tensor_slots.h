// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <vector>

#include "device/graph.h"

namespace npuwhisper {

/// Describes which tensors share memory. An output takes over the slot of a residual that is not
/// read afterwards (the sum is computed in place); other slots are free again after the stage of
/// their tensor's last use.
struct TensorSlots {
  std::vector<int> slot_of;             ///< By tensor; -1: none (an input, or 0 bytes).
  std::vector<std::size_t> slot_bytes;  ///< By slot.
};

/// Assigns slots to tensors. `bytes`: size by tensor; 0: the tensor needs no slot. `stage_of`:
/// stage by operation, ascending. Operations of one stage overlap in time, so none of them may
/// write memory that another one reads.
TensorSlots assign_slots(const Graph& graph, const std::vector<std::size_t>& bytes,
                         const std::vector<int>& stage_of);

}  // namespace npuwhisper
