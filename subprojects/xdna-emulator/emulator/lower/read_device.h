// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "emulator/lower/device_draft.h"
#include "emulator/mlir/ir.h"

namespace npuwhisper::emu::lowering {

/// Finds an aie.device by symbol, or the first aie.device if `symbol` is empty. Reads tiles,
/// buffers, locks, flows, cores, functions, globals, shim allocations and sequences. Does not read
/// object FIFOs or DMA programs. Refuses unknown operations. Throws Refusal.
DeviceDraft read_device(const mlir::Module& module, std::string_view symbol);

/// Returns the value of an integer arith.constant; nullopt for any other SSA value.
std::optional<std::int64_t> constant_of(const mlir::Value* value);

/// Returns the lock, action and value of an aie.use_lock. The value must be a constant. Throws
/// Refusal.
LockUse lock_use(const DeviceDraft& draft, const mlir::Operation& op);

}  // namespace npuwhisper::emu::lowering
