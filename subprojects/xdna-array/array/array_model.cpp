// SPDX-License-Identifier: LGPL-2.1-or-later
#include "array/array_model.h"

#include <string>

namespace npuwhisper::npu {
namespace {

// The memory sizes, the numbers of locks, descriptors and channels, and the limits of the
// descriptors' fields come from AM020 (AIE-ML architecture manual) and AM025 (its register
// reference). mlir-aie's AIETargetModel.h has the same values. The values are identical for AIE2
// and AIE2P.
constexpr TileLimits kShim{
    .memory_bytes = 0,
    .n_locks = 16,
    .max_lock_value = 63,
    .n_descriptors = 16,
    .descriptors_by_parity = false,
    .n_s2mm_channels = 2,
    .n_mm2s_channels = 2,
    .n_dims = 3,
    .max_wrap = 1023,
    .max_step = 1 << 20,
    .max_iteration = 64,
};

constexpr TileLimits kMem{
    .memory_bytes = 512 * 1024,
    .n_locks = 64,
    .max_lock_value = 63,
    .n_descriptors = 48,
    .descriptors_by_parity = true,
    .n_s2mm_channels = 6,
    .n_mm2s_channels = 6,
    .n_dims = 4,
    .max_wrap = 1023,
    .max_step = 1 << 17,
    .max_iteration = 64,
};

constexpr TileLimits kCore{
    .memory_bytes = 64 * 1024,
    .n_locks = 16,
    .max_lock_value = 63,
    .n_descriptors = 16,
    .descriptors_by_parity = false,
    .n_s2mm_channels = 2,
    .n_mm2s_channels = 2,
    .n_dims = 3,
    .max_wrap = 255,
    .max_step = 1 << 13,
    .max_iteration = 64,
};

constexpr ArrayModel kArrays[] = {
    {
        .name = "npu1",
        .product = "NPU Phoenix",
        .generation = Generation::Aie2,
        // The silicon has a fifth column without a shim DMA; the driver does not offer it.
        .n_columns = 4,
        .n_rows = 6,
        .shim = kShim,
        .mem = kMem,
        .core = kCore,
        .program_bytes = 16 * 1024,
        .vector_alignment = 32,  // from aie_api: 256-bit loads
        .max_contexts = 6,       // hwctx_limit in amdxdna's npu1_regs.c
    },
    {
        .name = "npu2",
        .product = "NPU Strix",
        .generation = Generation::Aie2p,
        .n_columns = 8,
        .n_rows = 6,
        .shim = kShim,
        .mem = kMem,
        .core = kCore,
        .program_bytes = 16 * 1024,
        .vector_alignment = 64,  // from aie_api: 512-bit loads
        .max_contexts = 16,      // hwctx_limit in amdxdna's npu4_family.h
    },
};

}  // namespace

const TileLimits& ArrayModel::limits(TileKind kind) const {
  switch (kind) {
    case TileKind::Shim:
      return shim;
    case TileKind::Mem:
      return mem;
    case TileKind::Core:
      break;
  }
  return core;
}

TileKind ArrayModel::kind(TileId tile) const {
  if (tile.row == 0) return TileKind::Shim;
  return tile.row == 1 ? TileKind::Mem : TileKind::Core;
}

bool ArrayModel::contains(TileId tile) const {
  return tile.column >= 0 && tile.column < n_columns && tile.row >= 0 && tile.row < n_rows;
}

Result<const ArrayModel*> find_array(std::string_view name) {
  for (const ArrayModel& array : kArrays) {
    if (array.name == name) return &array;
  }
  return fail(ErrorCode::NotFound, "array '" + std::string(name) + "': expected 'npu1' or 'npu2'");
}

}  // namespace npuwhisper::npu
