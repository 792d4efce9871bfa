// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/descriptor.h"

#include <algorithm>

namespace npuwhisper::emu::lowering {
namespace {

using npu::TileId;
using npu::TileKind;

/// Returns the position of `other` among the three tiles whose memory and locks a memory tile
/// reaches: 0 west, 1 own, 2 east.
int window(TileId tile, TileId other) {
  return other.column - tile.column + 1;
}

std::uint32_t lock_index(const DeviceDraft& draft, TileId tile, const LockUse& use, int line) {
  const LockDraft& lock = draft.locks[static_cast<std::size_t>(use.lock)];
  if (draft.array->kind(tile) == TileKind::Mem) {
    if (!reaches(*draft.array, tile, lock.tile)) {
      refuse(line, "'aie.use_lock' op: the DMA of tile " + to_string(tile) +
                       " does not reach lock '" + lock.name + "' of tile " + to_string(lock.tile));
    }
    return static_cast<std::uint32_t>(window(tile, lock.tile) * draft.array->mem.n_locks +
                                      *lock.id);
  }
  if (lock.tile != tile) {
    refuse(line, "'aie.use_lock' op: the DMA of tile " + to_string(tile) +
                     " can only use locks of the same tile, not '" + lock.name + "' of tile " +
                     to_string(lock.tile));
  }
  return static_cast<std::uint32_t>(*lock.id);
}

void set_locks(const DeviceDraft& draft, TileId tile, const BlockDraft& block,
               npu::BufferDescriptor& descriptor) {
  // Omit an acquire of at least 0, which never waits.
  if (block.acquire &&
      (block.acquire->value != 0 || block.acquire->action == LockAction::AcquireEqual)) {
    descriptor.acquire_enable = true;
    descriptor.acquire_lock = lock_index(draft, tile, *block.acquire, block.line);
    descriptor.acquire_value = block.acquire->action == LockAction::AcquireAtLeast
                                   ? -block.acquire->value
                                   : block.acquire->value;
  }
  if (block.release) {
    descriptor.release_lock = lock_index(draft, tile, *block.release, block.line);
    descriptor.release_value = block.release->value;
  }
}

std::uint64_t address_of(const DeviceDraft& draft, TileId tile, const BlockDraft& block) {
  const std::int64_t offset = block.offset * block.element_bytes;
  if (block.buffer < 0) {
    return 0;
  }
  const BufferDraft& buffer = draft.buffers[static_cast<std::size_t>(block.buffer)];
  const TileKind kind = draft.array->kind(tile);
  if (kind == TileKind::Core && buffer.tile != tile) {
    refuse(block.line,
           "'aie.dma_bd' op: Core tile DMAs can only access a buffer in the same tile.");
  }
  if (kind == TileKind::Shim || !reaches(*draft.array, tile, buffer.tile)) {
    refuse(block.line, "'aie.dma_bd' op: the DMA of tile " + to_string(tile) +
                           " does not reach buffer '" + buffer.name + "' of tile " +
                           to_string(buffer.tile));
  }
  if (kind == TileKind::Mem && buffer.tile != tile && block.channel > 3) {
    refuse(block.line, "'aie.dma_bd' op: is reachable from DMA channel " +
                           std::to_string(block.channel) +
                           " and attempts to access a non-local buffer");
  }
  const std::int64_t address = *buffer.address + offset;
  if (address % 4 != 0) {
    refuse(block.line,
           "'aie.dma_bd' op: bd address must be 4 byte (32b) aligned; got "
           "base+offset: " +
               std::to_string(address) + " (bytes)");
  }
  if (kind == TileKind::Mem) {
    return static_cast<std::uint64_t>(address) +
           static_cast<std::uint64_t>(window(tile, buffer.tile)) *
               static_cast<std::uint64_t>(draft.array->mem.memory_bytes);
  }
  return static_cast<std::uint64_t>(address);
}

/// An offset in elements that is larger than any memory.
constexpr std::int64_t kFarBehind = std::int64_t{1} << 48;

void check_bounds(const BlockDraft& block) {
  if (block.length <= 0) {
    refuse(block.line, "'aie.dma_bd' op: transfer length " + std::to_string(block.length) +
                           " must be positive");
  }
  if (block.length * block.element_bytes % 4 != 0) {
    refuse(block.line,
           "'aie.dma_bd' op: transfer length must be multiple of 4 (i.e., represent "
           "4 byte aligned address)");
  }
  if (block.offset < 0 || (block.offset * block.element_bytes) % 4 != 0) {
    refuse(block.line, "'aie.dma_bd' op: Offset must be aligned to 4 byte boundary.");
  }
  // Like mlir-aie, check the walk as if it began at the memory's start. The array detects an
  // overrun of the tile's or the host's memory at run time.
  std::int64_t last = 0;
  for (const BlockDim& dim : block.dims) {
    last += std::min((dim.size - 1) * dim.stride, kFarBehind);
  }
  if (block.n_elements > 0 && last >= block.n_elements) {
    refuse(block.line,
           "'aie.dma_bd' op: Specified stride(s) and size(s) result in out of bounds "
           "access in buffer, for index " +
               std::to_string(last) + " in memref of length " + std::to_string(block.n_elements) +
               ".");
  }
}

void set_padding(const BlockDraft& block, TileKind kind, bool mm2s,
                 npu::BufferDescriptor& descriptor) {
  if (block.padding.empty()) {
    return;
  }
  if (kind != TileKind::Mem) {
    refuse(block.line, "'aie.dma_bd' op: Padding is only supported by memtile dma bds.");
  }
  if (!mm2s) {
    refuse(block.line, "'aie.dma_bd' op: supports padding only for MM2S direction on MemTiles.");
  }
  if (block.dims.empty()) {
    refuse(block.line,
           "'aie.dma_bd' op: Padding requires n-d data layouts expressed as wrap(s) "
           "and stride(s).");
  }
  if (block.dims.size() != block.padding.size()) {
    refuse(block.line,
           "'aie.dma_bd' op: Mismatch number of dimensions between padding(s) and "
           "wrap(s) and stride(s).");
  }
  std::int64_t whole = 1;
  const std::size_t n = block.padding.size();
  for (std::size_t i = 0; i < n; ++i) {
    const BlockPadding& pad = block.padding[n - 1 - i];
    whole *= std::min<std::int64_t>(pad.before + pad.after + block.dims[n - 1 - i].size, 1 << 20);
    whole = std::min<std::int64_t>(whole, std::int64_t{1} << 40);
    const int unit = i == 0 ? block.element_bytes : 4;
    if (pad.before * unit % 4 != 0 || pad.after * unit % 4 != 0) {
      refuse(block.line,
             "'aie.dma_bd' op: Inner-most padding count must result in padding in "
             "32-bit words.");
    }
    descriptor.dims[i].zeros_before = static_cast<std::uint32_t>(pad.before * unit / 4);
    descriptor.dims[i].zeros_after = static_cast<std::uint32_t>(pad.after * unit / 4);
  }
  if (whole > block.length) {
    refuse(block.line, "'aie.dma_bd' op: Data exceeds len after padding.");
  }
}

}  // namespace

std::vector<WordDim> word_dims(const std::vector<BlockDim>& innermost_first, int element_bytes,
                               int line, std::string_view what, bool unit_stride) {
  std::vector<WordDim> words;
  for (std::size_t i = 0; i < innermost_first.size(); ++i) {
    const BlockDim& dim = innermost_first[i];
    const std::string name = std::to_string(i);
    if (dim.size < 1 || dim.size > 0x7fffffff) {
      refuse(line, std::string(what) + ": Size " + name + " must be a positive integer.");
    }
    if (dim.stride < 0 || dim.stride > 0x7fffffff || (dim.size > 1 && dim.stride < 1)) {
      refuse(line, std::string(what) + ": Stride " + name + " must be a positive integer.");
    }
    if (i == 0 && dim.size * element_bytes % 4 != 0) {
      refuse(line, std::string(what) + ": Transfer sizes must be multiples of 4 bytes. " +
                       std::to_string(dim.size) + " elements at " + std::to_string(element_bytes) +
                       " bytes each equal " + std::to_string(dim.size * element_bytes) +
                       " bytes, which is not divisible by 4.");
    }
    if (i == 0 && unit_stride && element_bytes != 4 && dim.size > 1 && dim.stride != 1) {
      refuse(line, std::string(what) + ": For " + (element_bytes < 4 ? "<" : ">") +
                       "32b width datatypes, inner-most dim stride must be 1");
    }
    // The rule for strides does not apply to dimensions of size 1, which have no steps. It does not
    // apply to adjacent elements in dimension 0 either, because whole words are transferred.
    const bool stepped = dim.size > 1 && (i > 0 || dim.stride != 1);
    const std::int64_t step = dim.stride * element_bytes;
    if (stepped && step % 4 != 0) {
      refuse(line, std::string(what) + ": Stride " + name + " is " + std::to_string(dim.stride) +
                       " elements * " + std::to_string(element_bytes) +
                       " bytes = " + std::to_string(step) + " bytes, which is not divisible by 4.");
    }
    const std::int64_t size = i == 0 ? dim.size * element_bytes / 4 : dim.size;
    // For elements wider than a word, dimension 0 walks the words of an element and cannot step
    // over elements.
    const bool one = !stepped || (i == 0 && element_bytes > 4);
    words.push_back(
        {static_cast<std::uint64_t>(size), one ? 1 : static_cast<std::uint64_t>(step / 4)});
  }
  return words;
}

npu::BufferDescriptor lower_block(const DeviceDraft& draft, TileId tile, const BlockDraft& block,
                                  bool mm2s, int next) {
  const TileKind kind = draft.array->kind(tile);
  const npu::TileLimits& limits = draft.array->limits(kind);
  check_bounds(block);
  npu::BufferDescriptor descriptor;
  descriptor.valid = true;
  descriptor.address = address_of(draft, tile, block);
  descriptor.length = static_cast<std::uint32_t>(
      std::min<std::int64_t>(block.length * block.element_bytes / 4, 0xffffffff));

  const std::vector<BlockDim> reversed(block.dims.rbegin(), block.dims.rend());
  const std::vector<WordDim> dims =
      word_dims(reversed, block.element_bytes, block.line, "'aie.dma_bd' op", true);
  if (dims.size() > static_cast<std::size_t>(limits.n_dims)) {
    refuse(block.line, "'aie.dma_bd' op: Cannot give more than " + std::to_string(limits.n_dims) +
                           " dimensions for step sizes and wraps on this tile (got " +
                           std::to_string(dims.size()) + " dimensions).");
  }
  const auto n_wraps = static_cast<std::size_t>(limits.n_dims - 1);
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (i < n_wraps && dims[i].wrap > static_cast<std::uint64_t>(limits.max_wrap)) {
      refuse(block.line, "'aie.dma_bd' op: Size " + std::to_string(i) +
                             " exceeds the [0:" + std::to_string(limits.max_wrap) + "] range.");
    }
    if (dims[i].step > static_cast<std::uint64_t>(limits.max_step)) {
      refuse(block.line, "'aie.dma_bd' op: Stride " + std::to_string(i) +
                             " exceeds the [1:" + std::to_string(limits.max_step) + "] range.");
    }
    descriptor.dims[i].wrap = i < n_wraps ? static_cast<std::uint32_t>(dims[i].wrap) : 0;
    descriptor.dims[i].step = static_cast<std::uint32_t>(dims[i].step);
  }
  set_padding(block, kind, mm2s, descriptor);

  if (block.iteration && block.iteration->size > 1) {
    const std::int64_t bytes = block.iteration->stride * block.element_bytes;
    if (bytes % 4 != 0) {
      refuse(block.line, "'aie.dma_bd' op: BD iteration stride must be aligned to 32-bit words");
    }
    if (block.iteration->size > limits.max_iteration) {
      refuse(block.line, "'aie.dma_bd' op: BD iteration size must be in [1, " +
                             std::to_string(limits.max_iteration) + "]");
    }
    if (bytes / 4 < 1 || bytes / 4 > limits.max_step) {
      refuse(block.line, "'aie.dma_bd' op: BD iteration stride must be in [1, " +
                             std::to_string(limits.max_step) + "] 32-bit words");
    }
    if (block.iteration->current >= block.iteration->size) {
      refuse(block.line, "'aie.dma_bd' op: BD iteration current must be in [0, size)");
    }
    descriptor.iteration_wrap = static_cast<std::uint32_t>(block.iteration->size);
    descriptor.iteration_step = static_cast<std::uint32_t>(bytes / 4);
    descriptor.iteration_current = static_cast<std::uint32_t>(block.iteration->current);
  }
  set_locks(draft, tile, block, descriptor);
  if (block.packet) {
    descriptor.packet = true;
    descriptor.packet_id = static_cast<std::uint32_t>(block.packet->id);
    descriptor.packet_type = static_cast<std::uint32_t>(block.packet->type);
  }
  if (block.burst_bytes != 0 && kind != TileKind::Shim) {
    refuse(block.line,
           "'aie.dma_bd' op: Burst length is only supported in Shim NOC tiles that are "
           "connected to the memory-mapped NOC.");
  }
  descriptor.burst_bytes = static_cast<std::uint32_t>(block.burst_bytes);
  if (block.next_id && *block.next_id != next) {
    refuse(block.line, "'aie.dma_bd' op: next_bd_id " + std::to_string(*block.next_id) +
                           " contradicts the chain, where " +
                           (next < 0 ? std::string("no block") : "bd_id " + std::to_string(next)) +
                           " follows");
  }
  descriptor.use_next = next >= 0;
  descriptor.next = next >= 0 ? static_cast<std::uint32_t>(next) : 0;
  if (const auto packed = npu::pack(descriptor, kind, *draft.array); !packed) {
    refuse(block.line, "'aie.dma_bd' op: tile " + to_string(tile) + ": " + packed.error().message);
  }
  return descriptor;
}

}  // namespace npuwhisper::emu::lowering
