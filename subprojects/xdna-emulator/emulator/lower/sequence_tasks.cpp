// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/descriptor.h"
#include "emulator/lower/read_dma.h"
#include "emulator/lower/sequence.h"
#include "emulator/lower/sequence_dims.h"

namespace npuwhisper::emu::lowering {

using npu::TileKind;

namespace {

/// Returns a descriptor with only the dimensions and the iteration of a task's block; nothing if
/// the text gives no dimensions. The outermost of four dimensions becomes the iteration, which
/// lower_block() does not handle. Throws Refusal.
std::optional<npu::BufferDescriptor> task_walk(const BlockDraft& block,
                                               const npu::TileLimits& limits, TileKind kind) {
  if (block.dims.empty()) {
    return std::nullopt;
  }
  std::vector<BlockDim> dims(block.dims.rbegin(), block.dims.rend());
  if (dims.size() > 4) {
    refuse(block.line,
           "'aie.dma_bd' op: At most four data layout transformation dimensions may be "
           "provided.");
  }
  dims.resize(4, {1, 0});
  npu::BufferDescriptor walk;
  const std::uint64_t words =
      set_sequence_dims(block.line, "'aie.dma_bd' op", limits, kind == TileKind::Shim, dims,
                        block.element_bytes, walk);
  const std::int64_t bytes = block.length * block.element_bytes;
  if (block.padding.empty() && words != static_cast<std::uint64_t>(bytes / 4)) {
    refuse(block.line,
           "'aie.dma_bd' op: Buffer descriptor length does not match length of transfer "
           "expressed by lowest three dimensions of data layout transformation strides/wraps. "
           "BD length is " +
               std::to_string(bytes) +
               " bytes. Lowest three dimensions of data layout transformation would result in "
               "transfer of " +
               std::to_string(words * 4) + " bytes.");
  }
  return walk;
}

/// Copies the dimensions and the iteration of `walk` to the descriptor of `block`. Throws Refusal
/// if both `walk` and `block` have an iteration.
void set_walk(const BlockDraft& block, const npu::BufferDescriptor& walk,
              npu::BufferDescriptor& descriptor) {
  for (std::size_t i = 0; i < walk.dims.size(); ++i) {
    descriptor.dims[i].wrap = walk.dims[i].wrap;
    descriptor.dims[i].step = walk.dims[i].step;
  }
  if (walk.iteration_wrap > 1) {
    if (block.iteration) {
      refuse(block.line,
             "'aie.dma_bd' op: iteration is given twice, as an attribute and as the "
             "outermost dimension");
    }
    descriptor.iteration_wrap = walk.iteration_wrap;
    descriptor.iteration_step = walk.iteration_step;
  }
}

}  // namespace

SequenceCompiler::Channel SequenceCompiler::task_channel(const Operation& op,
                                                         std::optional<PacketInfo>& packet) {
  if (const auto symbol = optional_text(op, "alloc")) {
    const ShimAllocation* allocation = draft_.find_allocation(*symbol);
    if (allocation == nullptr) {
      refuse_op(op, "no shim DMA allocation found for symbol '@" + *symbol + "'");
    }
    if (allocation->packet_id) {
      packet = PacketInfo{*allocation->packet_id, allocation->packet_type};
    }
    return {allocation->tile, allocation->mm2s, allocation->channel};
  }
  packet = packet_info(op, "packet");
  Channel channel;
  // The tile is the first operand of a task, and the last operand of start_bd_chain.
  channel.tile = draft_.tile_of(op, op.attribute("symbol") != nullptr ? op.operands.size() - 1 : 0);
  channel.mm2s = choice(op, "direction", {"S2MM", "MM2S"}) == 1;
  const npu::TileLimits& limits = draft_.array->limits(draft_.array->kind(channel.tile));
  channel.channel = static_cast<int>(integer(
      op, "channel", 0, (channel.mm2s ? limits.n_mm2s_channels : limits.n_s2mm_channels) - 1));
  return channel;
}

int SequenceCompiler::take_descriptor(const Operation& op, const Channel& channel,
                                      std::optional<int> wanted) {
  const npu::TileLimits& limits = draft_.array->limits(draft_.array->kind(channel.tile));
  std::set<int>& used = descriptors_in_use_[channel.tile];
  if (wanted) {
    if (*wanted >= limits.n_descriptors) {
      refuse_op(op, "bdId attribute exceeds max: " + std::to_string(limits.n_descriptors - 1));
    }
    if (!used.insert(*wanted).second) {
      refuse_op(op, "Specified buffer descriptor ID " + std::to_string(*wanted) +
                        " is already in use. Emit an aiex.dma_free_task operation to reuse BDs.");
    }
    return *wanted;
  }
  // Exclude the configuration's own descriptors, which must not be overwritten.
  std::set<int> fixed;
  if (const auto dma = draft_.dmas.find(channel.tile); dma != draft_.dmas.end()) {
    for (const BlockDraft& block : dma->second.blocks) {
      fixed.insert(*block.id);
    }
  }
  for (int id = 0; id < limits.n_descriptors; ++id) {
    const bool reachable = !limits.descriptors_by_parity ||
                           (id < limits.n_descriptors / 2) == (channel.channel % 2 == 0);
    if (reachable && !fixed.contains(id) && used.insert(id).second) {
      return id;
    }
  }
  refuse_op(op, "Too many simultaneously active buffer descriptors on tile " +
                    to_string(channel.tile) + ", which supports up to " +
                    std::to_string(limits.n_descriptors) +
                    ". Emit an aiex.dma_free_task / aiex.dma_await_task to reuse BDs.");
}

SequenceCompiler::Host SequenceCompiler::task_memory(const Operation& op, TileKind kind,
                                                     const BlockDraft& block) {
  const Bound& memory = bound(op, block.host);
  if (memory.kind != Bound::Kind::Host) {
    refuse_op(op,
              "Buffer argument must be a constant aie.buffer, a runtime sequence input "
              "argument, or a view of one");
  }
  if (kind != TileKind::Shim) {
    refuse_op(op, "DDR memory (runtime input arguments) can only be referred to on shim tiles.");
  }
  Host host = memory.host;
  host.offset += block.offset * block.element_bytes;
  if (host.offset < 0 || host.offset % 4 != 0) {
    refuse(block.line, "'aie.dma_bd' op: Offset must be aligned to 4 byte boundary.");
  }
  return host;
}

void SequenceCompiler::write_block(const Operation& op, const Channel& channel, int id,
                                   BlockDraft block, int next) {
  const TileKind kind = draft_.array->kind(channel.tile);
  block.channel = channel.channel;
  std::optional<Host> host;
  if (block.buffer < 0) {
    host = task_memory(op, kind, block);
  }
  const auto walk = task_walk(block, draft_.array->limits(kind), kind);
  if (block.padding.empty()) {
    block.dims.clear();
  } else if (block.dims.size() > 3) {
    refuse_unmodelled(block.line, "padding of four dimensions in a task");
  }
  npu::BufferDescriptor descriptor = lower_block(draft_, channel.tile, block, channel.mm2s, next);
  if (walk) {
    set_walk(block, *walk, descriptor);
  }
  emit_descriptor(op, channel.tile, id, descriptor);
  if (host) {
    emit_host_address(channel.tile, id, *host);
  }
}

SequenceCompiler::Chain SequenceCompiler::follow_chain(const Operation& op,
                                                       const mlir::Region& region) {
  Chain chain;
  std::map<const Block*, int> position;
  std::set<const Block*> entries;  // Blocks that precede the first block with a descriptor.
  const Block* block = region.blocks.empty() ? nullptr : region.blocks[0];
  while (block != nullptr) {
    if (const auto seen = position.find(block); seen != position.end()) {
      chain.loops_to = seen->second;
      break;
    }
    bool described = false;
    const Block* next = nullptr;
    for (const Operation* inner : block->operations) {
      if (inner->name == "arith.constant") {
        constant(*inner);
      } else if (inner->name == "aie.next_bd" && inner->successors.size() == 1) {
        next = inner->successors[0].block;
      } else if (inner->name == "aie.dma_bd") {
        described = true;
      } else if (inner->name != "aie.use_lock" && inner->name != "aie.end" &&
                 inner->name != "aie.dma_bd_packet") {
        refuse_op(*inner, "Unsupported operation within BD block.");
      }
    }
    if (described) {
      position[block] = static_cast<int>(chain.blocks.size());
      chain.blocks.push_back(block);
    } else if (!chain.blocks.empty() || !entries.insert(block).second) {
      break;
    }
    block = next;
  }
  if (chain.blocks.empty()) {
    refuse_op(op,
              "Block ending in this terminator does not contain a required aie.dma_bd operation.");
  }
  return chain;
}

int SequenceCompiler::make_task(const Operation& op, const mlir::Region& region) {
  std::optional<PacketInfo> packet;
  Task task;
  task.channel = task_channel(op, packet);
  task.issue_token = flag(op, "issue_token");
  task.repeat = static_cast<int>(integer_or(op, "repeat_count", 0, 0, 255));
  const Chain chain = follow_chain(op, region);
  std::vector<BlockDraft> blocks;
  for (const Block* one : chain.blocks) {
    blocks.push_back(read_block(draft_, *one, [this](const Operation& user, const Value* value) {
      return number_of(user, value);
    }));
    if (!blocks.back().packet) {
      blocks.back().packet = packet;
    }
  }
  for (const BlockDraft& one : blocks) {
    if (one.id) {
      task.ids.push_back(take_descriptor(op, task.channel, one.id));
    } else {
      task.ids.push_back(-1);
    }
  }
  for (int& id : task.ids) {
    if (id < 0) {
      id = take_descriptor(op, task.channel, std::nullopt);
    }
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const int next = i + 1 < blocks.size() ? task.ids[i + 1]
                     : chain.loops_to >= 0 ? task.ids[static_cast<std::size_t>(chain.loops_to)]
                                           : -1;
    write_block(op, task.channel, task.ids[i], std::move(blocks[i]), next);
  }
  tasks_.push_back(std::move(task));
  if (op.results.size() == 1) {
    values_[op.results[0]] =
        Bound{.kind = Bound::Kind::Task, .task = static_cast<int>(tasks_.size()) - 1};
  }
  return static_cast<int>(tasks_.size()) - 1;
}

void SequenceCompiler::configure_task(const Operation& op) {
  know_attributes(op, {"direction", "channel", "issue_token", "repeat_count", "packet", "alloc",
                       "dynamic_repeat", "dynamic_bd_id"});
  if (op.attribute("dynamic_bd_id") != nullptr) {
    refuse_unmodelled(op.line, "'aiex.dma_configure_task' with a dynamic descriptor id");
  }
  if (op.regions.size() != 1) {
    refuse_op(op, "expects one region");
  }
  const int task = make_task(op, op.regions[0]);
  if (op.attribute("dynamic_repeat") != nullptr) {
    const std::int64_t repeat = number(op, op.operands.size() - 1);
    if (repeat < 0 || repeat > 255) {
      refuse_op(op, "Repeat count " + std::to_string(repeat) + " exceeds the [0:255] range.");
    }
    tasks_[static_cast<std::size_t>(task)].repeat = static_cast<int>(repeat);
  }
}

int SequenceCompiler::task_of(const Operation& op) {
  if (op.operands.size() != 1) {
    refuse_op(op, "expects a task");
  }
  const Bound& held = bound(op, op.operands[0]);
  if (held.kind != Bound::Kind::Task) {
    refuse_op(op, "does not reference a valid configure_task operation.");
  }
  return held.task;
}

void SequenceCompiler::start(const Operation& op, int index) {
  const Task& task = tasks_[static_cast<std::size_t>(index)];
  emit_push(op, task.channel, task.ids[0], task.repeat, task.issue_token);
}

void SequenceCompiler::start_task(const Operation& op) {
  know_attributes(op, {});
  start(op, task_of(op));
}

void SequenceCompiler::await_task(const Operation& op) {
  know_attributes(op, {});
  Task& task = tasks_[static_cast<std::size_t>(task_of(op))];
  if (!task.issue_token) {
    refuse_op(op,
              "Cannot wait on a BD that is not configured to issue a token. Consider adding "
              "attribute `issue_token=true`.");
  }
  if (tokens_[task.channel] < 1) {
    refuse_op(op,
              "awaits a task-completion token on a channel where no outstanding token is "
              "guaranteed to have been produced; the runtime sequence would block here "
              "forever");
  }
  --tokens_[task.channel];
  emit(npu::Sync{task.channel.tile, task.channel.mm2s, task.channel.channel, 1, 1});
  for (const int id : task.ids) {
    descriptors_in_use_[task.channel.tile].erase(id);
  }
  task.awaited = true;
}

void SequenceCompiler::free_task(const Operation& op) {
  know_attributes(op, {});
  Task& task = tasks_[static_cast<std::size_t>(task_of(op))];
  for (const int id : task.ids) {
    if (descriptors_in_use_[task.channel.tile].erase(id) == 0 && !task.awaited) {
      refuse_op(op, "frees buffer descriptor ID " + std::to_string(id) +
                        ", which is not currently in use");
    }
  }
}

void SequenceCompiler::start_bd_chain(const Operation& op) {
  know_attributes(
      op, {"symbol", "direction", "channel", "issue_token", "repeat_count", "packet", "alloc"});
  const std::string symbol = text(op, "symbol");
  const auto found = draft_.chains.find(symbol);
  if (found == draft_.chains.end()) {
    refuse_op(op, "'@" + symbol + "' does not reference a valid BD chain");
  }
  const Operation& chain = *found->second;
  if (chain.regions.size() != 1 || chain.regions[0].blocks.empty()) {
    refuse_op(chain, "has no body");
  }
  const std::vector<Value*>& arguments = chain.regions[0].blocks[0]->arguments;
  const std::size_t given = op.operands.size() - (op.attribute("alloc") != nullptr ? 0 : 1);
  if (op.operands.empty() || arguments.size() != given) {
    refuse_op(op, "Number of arguments does not match the BD chain's");
  }
  for (std::size_t i = 0; i < given; ++i) {
    if (draft_.buffer_of.contains(op.operands[i])) {
      refuse_unmodelled(op.line, "a buffer as argument of a BD chain");
    }
    values_[arguments[i]] = Bound(bound(op, op.operands[i]));
  }
  start(op, make_task(op, chain.regions[0]));
}

}  // namespace npuwhisper::emu::lowering
