// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "emulator/mlir/ir.h"

namespace npuwhisper::emu::lowering {

/// Calls f for every operation within op's regions, in text order. The parser limits the depth of
/// the recursion.
template <typename F>
void walk(const mlir::Operation& op, const F& f) {
  for (const mlir::Region& region : op.regions) {
    for (const mlir::Block* block : region.blocks) {
      for (const mlir::Operation* inner : block->operations) {
        f(*inner);
        walk(*inner, f);
      }
    }
  }
}

}  // namespace npuwhisper::emu::lowering
