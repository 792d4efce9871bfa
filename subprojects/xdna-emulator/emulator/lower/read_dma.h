// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>

#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

/// Reads the DMA programs of a device (aie.mem, aie.memtile_dma, aie.shim_dma) into draft.dmas.
/// Accepts both forms of a program: blocks with aie.dma_start, and aie.dma operations. Throws
/// Refusal.
void read_dmas(DeviceDraft& draft);

/// Returns the value of an integer that an operation uses. Refuses values that are not constant.
using ValueOf = std::function<std::int64_t(const mlir::Operation&, const mlir::Value*)>;

/// Reads the locks, dma_bd and packet of one block. The caller sets `next`. Throws Refusal.
BlockDraft read_block(const DeviceDraft& draft, const mlir::Block& block, const ValueOf& value_of);

}  // namespace npuwhisper::emu::lowering
