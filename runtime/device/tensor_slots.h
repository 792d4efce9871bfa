// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <vector>

#include "device/graph.h"

namespace npuwhisper {

/// Which tensors share memory. An output takes over the slot of a residual that nobody reads afterwards (the sum is made
/// in place); other slots are free again after the stage of their tensor's last use.
struct TensorSlots {
  std::vector<int> slot_of;                 ///< By tensor; -1: no slot (bound by the caller, or not asked for).
  std::vector<std::size_t> slot_bytes;      ///< By slot.
};

/// `bytes` by tensor; 0: the tensor needs no slot. `stage_of` by operation, ascending: operations of one stage overlap in
/// time, so none of them may write what another one of them reads.
TensorSlots assign_slots(const Graph& graph, const std::vector<std::size_t>& bytes, const std::vector<int>& stage_of);

}  // namespace npuwhisper
