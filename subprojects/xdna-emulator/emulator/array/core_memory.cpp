// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/core_memory.h"

#include <algorithm>
#include <utility>

#include "emulator/array/fabric.h"
#include "emulator/array/names.h"
#include "emulator/array/tile.h"
#include "emulator/core_program.h"

namespace npuwhisper::emu {
namespace {

NpuWhisperCoreState::Window window_of(Tile& tile) {
  const auto begin = reinterpret_cast<std::uintptr_t>(tile.memory().data());
  return {begin, begin + tile.memory().size()};
}

}  // namespace

CoreMemory::CoreMemory(npu::TileId tile, const Fabric& fabric) : fabric_(fabric) {
  for (const auto& [column, row] : {std::pair{0, 0}, {0, -1}, {-1, 0}, {0, 1}}) {
    Tile* reached = fabric.tile({tile.column + column, tile.row + row});
    if (reached && reached->kind() == npu::TileKind::Core) tiles_.push_back(reached);
  }
}

bool CoreMemory::reaches(npu::TileId tile) const {
  return std::any_of(tiles_.begin(), tiles_.end(),
                     [&](const Tile* reached) { return reached->id() == tile; });
}

Result<std::byte*> CoreMemory::at(std::int64_t reference, std::int64_t offset,
                                  std::size_t bytes) const {
  const CoreAddress address = unpack_address(reference);
  for (Tile* tile : tiles_) {
    if (tile->id() != address.tile) continue;
    const auto memory = tile->memory();
    const auto size = static_cast<std::int64_t>(memory.size());
    const std::int64_t begin = std::int64_t{address.offset} + offset;
    if (begin < 0 || begin + static_cast<std::int64_t>(bytes) > size) {
      return fail(ErrorCode::DeviceError, "an access of " + std::to_string(bytes) + " bytes at " +
                                              std::to_string(begin) + " is outside the memory of " +
                                              name_of(address.tile) + " (" + std::to_string(size) +
                                              " bytes)");
    }
    return memory.data() + begin;
  }
  return fail(ErrorCode::DeviceError,
              "the core does not reach the memory of " + name_of(address.tile));
}

std::string CoreMemory::refusal(const void* address, std::size_t bytes, bool is_write) const {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const std::string what = (is_write ? "writes " : "reads ") + std::to_string(bytes) + " bytes";
  for (const auto& tile : fabric_.tiles) {
    const auto [begin, end] = window_of(*tile);
    if (at < begin || at >= end) continue;
    if (!reaches(tile->id())) {
      return what + " in the memory of " + name_of(tile->id()) + ", which this core does not reach";
    }
    if (bytes <= end - at) return {};
    return what + " at " + std::to_string(at - begin) + ", past the end of the memory of " +
           name_of(tile->id());
  }
  return what + " at host address " + hexadecimal(at) +
         ", which is not in the memory of this core or its neighbours";
}

NpuWhisperCoreState::Window CoreMemory::own_window() const {
  return window_of(*tiles_.front());
}

NpuWhisperCoreState::Window CoreMemory::neighbour_window() const {
  return tiles_.size() > 1 ? window_of(*tiles_[1]) : NpuWhisperCoreState::Window{};
}

}  // namespace npuwhisper::emu
