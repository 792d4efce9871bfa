// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <bit>
#include <cstdint>

#include "array/array_model.h"

namespace npuwhisper::emu {

/// Returns a packet header (AMD's manual AM020): stream id, type and source tile, with odd parity.
inline std::uint32_t packet_header(std::uint32_t id, std::uint32_t type, npu::TileId tile) {
  const std::uint32_t header = id | type << 12 | static_cast<std::uint32_t>(tile.row) << 16 |
                               static_cast<std::uint32_t>(tile.column) << 21;
  return header | (std::popcount(header) % 2 == 0 ? 0x80000000U : 0U);
}

/// Returns the stream id of a packet with this header.
inline int packet_id_of(std::uint32_t header) {
  return static_cast<int>(header & 0x1f);
}

}  // namespace npuwhisper::emu
