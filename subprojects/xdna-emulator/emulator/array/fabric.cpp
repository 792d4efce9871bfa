// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/fabric.h"

#include "emulator/array/tile.h"

namespace npuwhisper::emu {
namespace {

constexpr npu::TileId kHiddenMemoryTile{-1, 1};

}  // namespace

Fabric::Fabric(const npu::ArrayModel& array, const npu::ArrayClock& array_clock, int columns,
               bool trace_on)
    : model(array),
      clock(array_clock),
      n_columns(columns),
      bandwidth(clock),
      streams(scheduler, bandwidth),
      tokens(scheduler),
      trace(trace_on) {
  for (int column = 0; column < columns; ++column) {
    for (int row = 0; row < array.n_rows; ++row) {
      tiles.push_back(std::make_unique<Tile>(npu::TileId{column, row}, *this));
    }
  }
  if (array.generation == npu::Generation::Aie2) {
    hidden_memory_tile = std::make_unique<Tile>(kHiddenMemoryTile, *this);
  }
}

Fabric::~Fabric() = default;

Tile* Fabric::tile(npu::TileId id) const {
  if (id == kHiddenMemoryTile) return hidden_memory_tile.get();
  if (id.column < 0 || id.column >= n_columns || id.row < 0 || id.row >= model.n_rows) {
    return nullptr;
  }
  return tiles[static_cast<std::size_t>(id.column * model.n_rows + id.row)].get();
}

}  // namespace npuwhisper::emu
