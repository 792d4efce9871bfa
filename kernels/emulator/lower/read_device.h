// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "emulator/lower/plan.h"
#include "emulator/mlir/ir.h"

namespace npuwhisper::emu::lowering {

/// Finds an aie.device (by symbol; empty: the first) and reads what stands in it but object FIFOs
/// and DMA programs: tiles, buffers, locks, flows, cores, functions, globals, shim allocations,
/// sequences. Refuses operations that it does not know. Throws Refusal.
DevicePlan read_device(const mlir::Module& module, std::string_view symbol);

/// The value of an arith.constant, if the SSA value is one.
std::optional<std::int64_t> constant_of(const mlir::Value* value);

/// A lock's action and value out of aie.use_lock, where the value must be a constant.
LockUse lock_use(const DevicePlan& plan, const mlir::Operation& op);

}  // namespace npuwhisper::emu::lowering
