// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower.h"

#include <algorithm>
#include <new>

#include "emulator/lower/core_compiler.h"
#include "emulator/lower/descriptor.h"
#include "emulator/lower/object_fifo.h"
#include "emulator/lower/place.h"
#include "emulator/lower/read_device.h"
#include "emulator/lower/read_dma.h"
#include "emulator/lower/routes.h"
#include "emulator/lower/sequence.h"
#include "emulator/lower/tokens.h"
#include "emulator/mlir/parser.h"
#include "emulator/mlir/refusal.h"

namespace npuwhisper::emu {
namespace {

using lowering::DeviceDraft;

void take_memory(const DeviceDraft& draft, Design& design) {
  for (const lowering::BufferDraft& buffer : draft.buffers) {
    design.buffers.push_back({buffer.name, buffer.tile, static_cast<std::uint32_t>(*buffer.address),
                              static_cast<std::uint32_t>(buffer.bytes), buffer.initial});
  }
  for (const lowering::LockDraft& lock : draft.locks) {
    design.locks.push_back({lock.name, lock.tile, *lock.id, lock.initial});
  }
}

void take_dmas(const DeviceDraft& draft, Design& design) {
  for (const auto& [tile, dma] : draft.dmas) {
    std::vector<bool> mm2s(dma.blocks.size(), false);
    for (const lowering::ChannelDraft& channel : dma.channels) {
      for (int block = channel.first;
           channel.mm2s && block >= 0 && !mm2s[static_cast<std::size_t>(block)];) {
        mm2s[static_cast<std::size_t>(block)] = true;
        block = dma.blocks[static_cast<std::size_t>(block)].next;
      }
      const ChannelStart start{*dma.blocks[static_cast<std::size_t>(channel.first)].id,
                               channel.repeat, false};
      // Several starts of one channel are tasks that the channel runs in sequence.
      const auto same = std::find_if(design.channels.begin(), design.channels.end(),
                                     [&, &tile = tile](const DmaChannel& other) {
                                       return other.tile == tile && other.mm2s == channel.mm2s &&
                                              other.channel == channel.channel;
                                     });
      if (same != design.channels.end()) {
        same->starts.push_back(start);
      } else {
        design.channels.push_back(
            {tile, channel.mm2s, channel.channel, channel.pad_value, {start}});
      }
    }
    for (std::size_t i = 0; i < dma.blocks.size(); ++i) {
      const lowering::BlockDraft& block = dma.blocks[i];
      if (block.buffer < 0) {
        refuse_unmodelled(block.line, "a static descriptor of host memory ('aie.external_buffer')");
      }
      const int next = block.next >= 0 ? *dma.blocks[static_cast<std::size_t>(block.next)].id : -1;
      design.descriptors.push_back(
          {tile, *block.id, lowering::lower_block(draft, tile, block, mm2s[i], next)});
    }
  }
}

Design lower_or_throw(std::string_view text, const LowerOptions& options) {
  Result<mlir::Module> module = mlir::parse_module(text);
  if (!module) {
    throw Refusal{module.error()};
  }
  DeviceDraft draft = lowering::read_device(*module, options.device);
  draft.allocation_scheme = options.allocation_scheme;
  lowering::check_scheme(options.allocation_scheme, 0);
  lowering::read_dmas(draft);
  lowering::lower_object_fifos(draft);
  lowering::place_buffers(draft);
  lowering::place_locks(draft);
  lowering::place_descriptors(draft);

  Design design;
  design.name = draft.name;
  design.array = draft.array;
  design.n_columns = draft.n_columns;
  take_memory(draft, design);
  take_dmas(draft, design);
  lowering::add_token_routes(draft);
  design.routes = lowering::route_flows(draft);
  for (const lowering::CoreDraft& core : draft.cores) {
    lowering::CompiledCore compiled = lowering::CoreCompiler(draft, core).compile();
    design.cores.push_back({core.tile, std::move(compiled.program), core.stack_bytes,
                            std::move(compiled.kernel_objects)});
    for (Buffer& data : compiled.data) {
      design.buffers.push_back(std::move(data));
    }
  }
  design.shim_allocations = draft.allocations;
  for (const mlir::Operation* sequence : draft.sequences) {
    design.sequences.push_back(lowering::SequenceCompiler(draft).compile(*sequence));
  }
  return design;
}

}  // namespace

Result<Design> lower(std::string_view text, const LowerOptions& options) {
  try {
    return lower_or_throw(text, options);
  } catch (const Refusal& refusal) {
    return fail(refusal.error);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::Unavailable, "no memory for the design");
  }
}

}  // namespace npuwhisper::emu
