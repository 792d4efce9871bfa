// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/tensor_slots.h"

#include <algorithm>

namespace npuwhisper {

TensorSlots assign_slots(const Graph& graph, const std::vector<std::size_t>& bytes,
                         const std::vector<int>& stage_of) {
  TensorSlots slots;
  slots.slot_of.assign(graph.tensors.size(), -1);
  const std::vector<int> last = last_uses(graph);
  std::vector<int> free_slots;
  std::vector<int> freed_in_stage;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    if (i > 0 && stage_of[i] != stage_of[i - 1]) {
      free_slots.insert(free_slots.end(), freed_in_stage.begin(), freed_in_stage.end());
      freed_in_stage.clear();
    }
    const Op& op = graph.ops[i];
    const auto output = static_cast<std::size_t>(op.output);
    const auto residual = static_cast<std::size_t>(op.residual);
    bool taken_over = false;
    if (bytes[output] > 0) {
      int slot = -1;
      if (op.residual != kNoTensor && op.residual != op.input &&
          last[residual] == static_cast<int>(i) && slots.slot_of[residual] >= 0 &&
          bytes[residual] == bytes[output]) {
        slot = slots.slot_of[residual];
        taken_over = true;
      } else if (!free_slots.empty()) {
        slot = free_slots.back();
        free_slots.pop_back();
      } else {
        slot = static_cast<int>(slots.slot_bytes.size());
        slots.slot_bytes.push_back(0);
      }
      std::size_t& size = slots.slot_bytes[static_cast<std::size_t>(slot)];
      size = std::max(size, bytes[output]);
      slots.slot_of[output] = slot;
    }
    for (const TensorId id : {op.input, op.residual}) {
      if (id == kNoTensor || (id == op.residual && taken_over)) continue;
      const auto tensor = static_cast<std::size_t>(id);
      if (last[tensor] == static_cast<int>(i) && slots.slot_of[tensor] >= 0) {
        freed_in_stage.push_back(slots.slot_of[tensor]);
      }
      // If input and residual are the same tensor, its slot must be freed only once.
      if (op.input == op.residual) break;
    }
  }
  return slots;
}

}  // namespace npuwhisper
