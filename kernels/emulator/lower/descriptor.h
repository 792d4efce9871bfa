// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "array/buffer_descriptor.h"
#include "emulator/lower/plan.h"

namespace npuwhisper::emu::lowering {

/// A DMA block as the hardware's descriptor, for a tile of the plan (buffers, locks and descriptors
/// are placed): lengths and strides in words, addresses and locks in the tile's windows, and every
/// rule of wraps, strides, alignment and padding checked. A block of the host's memory has address
/// 0. `next` names a descriptor id, or is -1. Throws Refusal.
npu::BufferDescriptor lower_block(const DevicePlan& plan, npu::TileId tile, const BlockPlan& block,
                                  bool mm2s, int next);

/// Sizes and strides in elements, innermost first, into words; the size of dimension 0 counts
/// words. The rules that all users of descriptors share are checked.
struct WordDim {
  std::uint64_t wrap = 1;
  std::uint64_t step = 1;
};
/// `unit_stride`: elements that are no words must follow each other (mlir-aie's rule for aie.mem
/// and aie.memtile_dma; sequences may stride over words of them).
std::vector<WordDim> word_dims(const std::vector<BlockDim>& innermost_first, int element_bytes,
                               int line, std::string_view what, bool unit_stride);

}  // namespace npuwhisper::emu::lowering
