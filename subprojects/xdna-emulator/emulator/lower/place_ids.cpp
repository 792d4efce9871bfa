// SPDX-License-Identifier: LGPL-2.1-or-later
#include <set>

#include "emulator/lower/place.h"

namespace npuwhisper::emu::lowering {
namespace {

using npu::TileId;

void check_channels(const DeviceDraft& draft, const DmaDraft& dma) {
  const npu::TileLimits& limits = draft.array->limits(draft.array->kind(dma.tile));
  for (const ChannelDraft& channel : dma.channels) {
    const int n_channels = channel.mm2s ? limits.n_mm2s_channels : limits.n_s2mm_channels;
    const std::string name = (channel.mm2s ? "MM2S" : "S2MM") + std::to_string(channel.channel);
    if (channel.channel >= n_channels) {
      refuse(channel.line, "'aie.dma_start' op: uses more " +
                               std::string(channel.mm2s ? "output" : "input") +
                               " channels than available on this tile: " + name + " of tile " +
                               to_string(dma.tile) + ", which has " + std::to_string(n_channels));
    }
  }
}

/// Assigns each block to the channel whose chain reaches it.
void follow_chains(DmaDraft& dma) {
  for (const ChannelDraft& channel : dma.channels) {
    for (int block = channel.first; block >= 0;) {
      BlockDraft& here = dma.blocks[static_cast<std::size_t>(block)];
      if (here.channel == channel.channel) {
        break;
      }
      here.channel = channel.channel;
      block = here.next;
    }
  }
}

bool accessible(const npu::TileLimits& limits, int id, int channel) {
  return !limits.descriptors_by_parity || (id < limits.n_descriptors / 2) == (channel % 2 == 0);
}

void place_tile(const DeviceDraft& draft, DmaDraft& dma) {
  const npu::TileLimits& limits = draft.array->limits(draft.array->kind(dma.tile));
  const int available = limits.n_descriptors;
  if (dma.blocks.size() > static_cast<std::size_t>(available)) {
    refuse(dma.blocks[static_cast<std::size_t>(available)].line,
           "the DMA program of tile " + to_string(dma.tile) + " has more than " +
               std::to_string(available) + " blocks (" + std::to_string(dma.blocks.size()) +
               "): no space for this bd");
  }
  std::set<int> used;
  for (const BlockDraft& block : dma.blocks) {
    if (!block.id) {
      continue;
    }
    if (*block.id >= available) {
      refuse(block.line,
             "'aie.dma_bd' op: bdId attribute exceeds max: " + std::to_string(available - 1));
    }
    if (!used.insert(*block.id).second) {
      refuse(block.line, "'aie.dma_bd' op: bd_id " + std::to_string(*block.id) +
                             " is used twice on tile " + to_string(dma.tile));
    }
    if (block.channel >= 0 && !accessible(limits, *block.id, block.channel)) {
      refuse(block.line, "'aie.dma_bd' op: bd_id " + std::to_string(*block.id) + " of tile " +
                             to_string(dma.tile) + " is not accessible from channel " +
                             std::to_string(block.channel));
    }
  }
  for (BlockDraft& block : dma.blocks) {
    const int channel = block.channel < 0 ? 0 : block.channel;
    for (int id = 0; id < available && !block.id; ++id) {
      if (accessible(limits, id, channel) && used.insert(id).second) {
        block.id = id;
      }
    }
    if (!block.id) {
      refuse(block.line,
             "'aie.dma_bd' op: Allocator exhausted available BD IDs (maximum " +
                 std::to_string(limits.descriptors_by_parity ? available / 2 : available) +
                 " available for channel " + std::to_string(channel) + " of tile " +
                 to_string(dma.tile) + "): no space for this bd");
    }
  }
}

}  // namespace

void place_locks(DeviceDraft& draft) {
  std::map<TileId, std::set<int>> used;
  for (const LockDraft& lock : draft.locks) {
    if (lock.id && !used[lock.tile].insert(*lock.id).second) {
      refuse(lock.line, "'aie.lock' op: is assigned to the same lock (" + std::to_string(*lock.id) +
                            ") as another op.");
    }
  }
  for (LockDraft& lock : draft.locks) {
    const int available = draft.array->limits(draft.array->kind(lock.tile)).n_locks;
    for (int id = 0; id < available && !lock.id; ++id) {
      if (used[lock.tile].insert(id).second) {
        lock.id = id;
      }
    }
    if (!lock.id) {
      refuse(lock.line, "'aie.lock' op: not allocated a lock, because only " +
                            std::to_string(available) + " locks available in tile " +
                            to_string(lock.tile));
    }
  }
}

void place_descriptors(DeviceDraft& draft) {
  for (auto& [tile, dma] : draft.dmas) {
    check_channels(draft, dma);
    follow_chains(dma);
    place_tile(draft, dma);
  }
}

}  // namespace npuwhisper::emu::lowering
