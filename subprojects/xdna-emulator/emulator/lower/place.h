// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

// The placement functions follow the order and the rules of mlir-aie's assign passes.

/// Gives every buffer an address and checks the limits of memory. Throws Refusal.
void place_buffers(DeviceDraft& draft);
/// Gives every lock an id and checks the number of locks. Throws Refusal.
void place_locks(DeviceDraft& draft);
/// Gives every DMA block a descriptor id. Checks the number of descriptors and of DMA channels. In
/// memory tiles, even channels use the lower half of the descriptors, odd channels the upper half.
/// Throws Refusal.
void place_descriptors(DeviceDraft& draft);

/// Throws Refusal unless `scheme` is empty, "basic-sequential" or "bank-aware".
void check_scheme(std::string_view scheme, int line);

/// Returns the address of `bytes` bytes for constants of a core's code. The address lies after the
/// stack and all buffers of the tile, and is at least `used`. Throws Refusal if the tile has no
/// room.
std::uint32_t place_data(const DeviceDraft& draft, npu::TileId tile, std::uint32_t used,
                         std::int64_t bytes, int line);

}  // namespace npuwhisper::emu::lowering
