// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "array/buffer_descriptor.h"
#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

/// Converts a DMA block to the hardware's descriptor, for a tile of the draft. Buffers, locks and
/// descriptors must be placed. Converts lengths and strides to words, and addresses and locks to
/// offsets in the tile's windows. Checks all rules of wraps, strides, alignment and padding. A
/// block in host memory has address 0. `next` is the id of the next descriptor, or -1 if there is
/// none. Throws Refusal.
npu::BufferDescriptor lower_block(const DeviceDraft& draft, npu::TileId tile,
                                  const BlockDraft& block, bool mm2s, int next);

/// A dimension in words: `wrap` steps of `step` words. The wrap of dimension 0 counts words.
struct WordDim {
  std::uint64_t wrap = 1;
  std::uint64_t step = 1;
};
/// Converts sizes and strides, innermost first, from elements to words. Checks the rules that all
/// users of descriptors share. If `unit_stride` is set, elements that are not one word wide must be
/// adjacent. mlir-aie has this rule for aie.mem and aie.memtile_dma, but not for runtime sequences.
std::vector<WordDim> word_dims(const std::vector<BlockDim>& innermost_first, int element_bytes,
                               int line, std::string_view what, bool unit_stride);

}  // namespace npuwhisper::emu::lowering
