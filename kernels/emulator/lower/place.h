// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "emulator/lower/plan.h"

namespace npuwhisper::emu::lowering {

/// Gives every buffer an address, every lock an id and every DMA block a descriptor id, in the
/// order and by the rules of mlir-aie's assign passes, and checks the limits of memory, locks,
/// descriptors (by channel parity in memory tiles) and DMA channels. Throws Refusal.
void place_buffers(DevicePlan& plan);
void place_locks(DevicePlan& plan);
void place_descriptors(DevicePlan& plan);

/// Refuses what is no allocation scheme, nor empty.
void check_scheme(std::string_view scheme, int line);

/// The first bytes behind all buffers of a core's tile, for constants of its code.
std::uint32_t place_data(const DevicePlan& plan, npu::TileId tile, std::uint32_t used,
                         std::int64_t bytes, int line);

}  // namespace npuwhisper::emu::lowering
