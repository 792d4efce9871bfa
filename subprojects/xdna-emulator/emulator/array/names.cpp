// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/names.h"

#include <array>
#include <cinttypes>
#include <cstdio>

namespace npuwhisper::emu {

std::string name_of(npu::TileId tile) {
  return "tile (" + std::to_string(tile.column) + ", " + std::to_string(tile.row) + ")";
}

std::string name_of(npu::TileId tile, bool mm2s, int channel) {
  return name_of(tile) + (mm2s ? " MM2S " : " S2MM ") + std::to_string(channel);
}

std::string name_of(const Port& port) {
  const char* kind = "";
  switch (port.kind) {
    case PortKind::Dma:
      kind = " DMA channel ";
      break;
    case PortKind::Core:
      kind = " core port ";
      break;
    case PortKind::Trace:
      kind = " trace port ";
      break;
    case PortKind::Control:
      kind = " control port ";
      break;
    case PortKind::Fifo:
      kind = " stream FIFO ";
      break;
    case PortKind::Cascade:
      kind = " cascade ";
      break;
    case PortKind::South:
      kind = " host port ";
      break;
  }
  return name_of(port.tile) + kind + std::to_string(port.channel);
}

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%" PRIx64, value);
  return text.data();
}

}  // namespace npuwhisper::emu
