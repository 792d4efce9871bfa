// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

#include "array/array_model.h"
#include "emulator/design.h"

namespace npuwhisper::emu {

// The functions below return names for messages.

/// Returns a tile's name, such as "tile (0, 2)".
std::string name_of(npu::TileId tile);
/// Returns a DMA channel's name, such as "tile (0, 1) MM2S 3".
std::string name_of(npu::TileId tile, bool mm2s, int channel);
/// Returns a port's name, such as "tile (0, 2) core port 0".
std::string name_of(const Port& port);
/// Returns `value` in hexadecimal, such as "0x1d204".
std::string hexadecimal(std::uint64_t value);

}  // namespace npuwhisper::emu
