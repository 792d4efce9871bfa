// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>

#include "emulator/lower/plan.h"

namespace npuwhisper::emu::lowering {

/// Reads the DMA programs of a device (aie.mem, aie.memtile_dma, aie.shim_dma; both the form with
/// blocks and dma_start and the one with aie.dma) into plan.dmas. Throws Refusal.
void read_dmas(DevicePlan& plan);

/// The value of an integer that an operation uses; refuses what is no constant.
using ValueOf = std::function<std::int64_t(const mlir::Operation&, const mlir::Value*)>;

/// One block's locks, dma_bd and packet. `next` is left to the caller.
BlockPlan read_block(const DevicePlan& plan, const mlir::Block& block, const ValueOf& value_of);

}  // namespace npuwhisper::emu::lowering
