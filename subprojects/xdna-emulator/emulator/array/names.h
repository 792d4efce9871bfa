// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

#include "array/array_model.h"
#include "emulator/design.h"

namespace npuwhisper::emu {

// The functions below return names of an array's parts, for messages.
std::string name_of(npu::TileId tile);  ///< For example "tile (0, 2)".
/// For example "tile (0, 1) MM2S 3".
std::string name_of(npu::TileId tile, bool mm2s, int channel);
/// For example "tile (0, 2) core port 0".
std::string name_of(const Port& port);
std::string hexadecimal(std::uint64_t value);  ///< For example "0x1d204".

}  // namespace npuwhisper::emu
