// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <limits>

#include "emulator/lower/descriptor.h"
#include "emulator/lower/read_dma.h"
#include "emulator/lower/sequence.h"

namespace npuwhisper::emu::lowering {
namespace {

using npu::TileId;
using npu::TileKind;

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::uint32_t kAddressWord = 4;  ///< Of a shim descriptor: where the address begins.
constexpr std::int64_t kMaxHostOffset = std::int64_t{1} << 48;
constexpr std::uint64_t kMaxWords = std::numeric_limits<std::uint32_t>::max();

/// Sizes and strides, innermost first, that walk memory without a gap (the repeat excluded).
bool is_contiguous(const std::vector<BlockDim>& dims) {
  return (dims[0].stride == 1 || dims[0].size == 1) &&
         (dims[1].size == 1 || dims[1].stride == dims[0].size) &&
         (dims[2].size == 1 || dims[2].stride == dims[0].size * dims[1].size);
}

/// Four dimensions, innermost first, into a descriptor: three of the walk, the last the iteration.
/// Returns the words that the three lower ones transfer.
std::uint64_t set_dims(int line, const std::string& what, const npu::TileLimits& limits, bool shim,
                       const std::vector<BlockDim>& dims, int element_bytes,
                       npu::BufferDescriptor& descriptor) {
  const std::vector<BlockDim> lower(dims.begin(), dims.begin() + 3);
  const std::vector<WordDim> words = word_dims(lower, element_bytes, line, what, false);
  // Each is below 2^32; the third would overflow where the first two are out of range already.
  const std::uint64_t plane = words[0].wrap * words[1].wrap;
  if (plane > kMaxWords || plane * words[2].wrap > kMaxWords) {
    refuse(line, what + ": transfers more than " + std::to_string(kMaxWords) + " words");
  }
  const std::uint64_t length = plane * words[2].wrap;
  const bool linear = (shim && is_contiguous(dims)) ||
                      (dims[1].size == 1 && dims[2].size == 1 && dims[0].stride == 1);
  if (!linear) {
    const auto n_wraps = static_cast<std::size_t>(limits.n_dims - 1);
    for (std::size_t i = 0; i < 3; ++i) {
      if (i < 2 && words[i].wrap > static_cast<std::uint64_t>(limits.max_wrap)) {
        refuse(line, what + ": Size " + std::to_string(i) +
                         " exceeds the [0:" + std::to_string(limits.max_wrap) + "] range.");
      }
      if (dims[i].size > 1 && words[i].step > static_cast<std::uint64_t>(limits.max_step)) {
        refuse(line, what + ": Stride " + std::to_string(i) +
                         " exceeds the [1:" + std::to_string(limits.max_step) + "] range.");
      }
      descriptor.dims[i].wrap = i < n_wraps ? static_cast<std::uint32_t>(words[i].wrap) : 0;
      descriptor.dims[i].step = dims[i].size > 1 ? static_cast<std::uint32_t>(words[i].step) : 1;
    }
  }
  const BlockDim& repeat = dims[3];
  if (repeat.size < 1 || repeat.size > limits.max_iteration) {
    refuse(line,
           what + ": Size 3 exceeds the [1:" + std::to_string(limits.max_iteration) + "] range.");
  }
  if (repeat.stride < 0) {
    refuse(line, what + ": Stride 3 must be a non-negative integer.");
  }
  if (repeat.size > 1 && repeat.stride > 0) {
    const std::int64_t bytes = repeat.stride * element_bytes;
    if (bytes % 4 != 0) {
      refuse(line, what + ": Stride 3 is " + std::to_string(repeat.stride) + " elements * " +
                       std::to_string(element_bytes) + " bytes = " + std::to_string(bytes) +
                       " bytes, which is not divisible by 4.");
    }
    if (bytes / 4 > limits.max_step) {
      refuse(line,
             what + ": Stride 3 exceeds the [1:" + std::to_string(limits.max_step) + "] range.");
    }
    descriptor.iteration_wrap = static_cast<std::uint32_t>(repeat.size);
    descriptor.iteration_step = static_cast<std::uint32_t>(bytes / 4);
  }
  return length;
}

}  // namespace

std::vector<std::int64_t> SequenceCompiler::mixed(const Operation& op, std::string_view name,
                                                  std::size_t group) {
  std::vector<std::int64_t> values = integers(op, name);
  OperandRange range = operand_group(op, group);
  for (std::int64_t& value : values) {
    if (value == mlir::kDynamic) {
      if (range.begin == range.end) {
        refuse_op(op, "fewer values than '" + std::string(name) + "' has places");
      }
      value = number(op, range.begin++);
    }
  }
  return values;
}

void SequenceCompiler::dma_memcpy_nd(const Operation& op) {
  know_attributes(
      op, {"x", "y", "static_offsets", "static_sizes", "static_strides", "packet", "metadata", "id",
           "issue_token", "d0_zero_before", "d1_zero_before", "d2_zero_before", "d0_zero_after",
           "d1_zero_after", "d2_zero_after", "burst_length"});
  const std::string symbol = text(op, "metadata");
  const ShimAllocation* allocation = plan_.find_allocation(symbol);
  if (allocation == nullptr) {
    refuse_op(op, "couldn't find shim_dma_allocation op '@" + symbol + "'");
  }
  for (const char* name : {"d0_zero_before", "d1_zero_before", "d2_zero_before", "d0_zero_after",
                           "d1_zero_after", "d2_zero_after"}) {
    if (integer_or(op, name, 0, 0, kMaxInt) != 0) {
      refuse_op(op, "Zero padding is only available on MemTile");
    }
  }
  if (op.operands.empty()) {
    refuse_op(op, "expects a memory");
  }
  const Bound memory = bound(op, op.operands[0]);
  if (memory.kind != Bound::Kind::Host) {
    refuse_op(op, "memref must be a block argument or a view of one");
  }
  const std::vector<std::int64_t> offsets = mixed(op, "static_offsets", 1);
  const std::vector<std::int64_t> sizes = mixed(op, "static_sizes", 2);
  const std::vector<std::int64_t> strides = mixed(op, "static_strides", 3);
  if (offsets.size() != 4 || sizes.size() != 4 || strides.size() != 4) {
    refuse_op(op, "expects four offsets, sizes and strides");
  }
  const int element_bytes = element_bits(*op.operands[0]->type, op.line) / 8;
  std::vector<BlockDim> dims;
  std::int64_t offset = memory.host.offset;
  for (std::size_t i = 4; i > 0; --i) {
    for (const std::int64_t value : {offsets[i - 1], sizes[i - 1], strides[i - 1]}) {
      if (value < -kMaxInt || value > kMaxInt) {
        refuse_op(op, std::to_string(value) + " does not fit 32 bits");
      }
    }
    dims.push_back({sizes[i - 1], strides[i - 1]});
    const std::int64_t elements = offsets[i - 1] * strides[i - 1];
    if (elements < -kMaxHostOffset || elements > kMaxHostOffset) {
      refuse_op(op, "offset " + std::to_string(elements) + " lies outside of any buffer");
    }
    offset += elements * element_bytes;
  }
  if (offset < 0 || offset % 4 != 0) {
    refuse_op(op, "Offset " + std::to_string(offset) +
                      " bytes must be 4-byte-aligned and not "
                      "negative.");
  }
  npu::BufferDescriptor descriptor;
  descriptor.valid = true;
  const std::uint64_t length = set_dims(op.line, "'" + op.name + "' op", plan_.array->shim, true,
                                        dims, element_bytes, descriptor);
  descriptor.length = static_cast<std::uint32_t>(length);
  if (const auto packet = packet_info(op, "packet")) {
    descriptor.packet = true;
    descriptor.packet_id = static_cast<std::uint32_t>(packet->id);
    descriptor.packet_type = static_cast<std::uint32_t>(packet->type);
  } else if (allocation->packet_id) {
    descriptor.packet = true;
    descriptor.packet_id = static_cast<std::uint32_t>(*allocation->packet_id);
    descriptor.packet_type = static_cast<std::uint32_t>(allocation->packet_type);
  }
  descriptor.burst_bytes = static_cast<std::uint32_t>(integer_or(op, "burst_length", 0, 0, 1024));
  const std::int64_t id = integer(op, "id", 0, kMaxInt);
  if (id >= plan_.array->shim.n_descriptors) {
    refuse_op(op, "BD ID exceeds the maximum ID " +
                      std::to_string(plan_.array->shim.n_descriptors - 1) + ".");
  }
  emit_descriptor(op, allocation->tile, static_cast<int>(id), descriptor);
  instructions_.push_back(npu::PatchAddress{
      npu::tile_address(
          allocation->tile,
          npu::descriptor_register(TileKind::Shim, static_cast<int>(id)) + kAddressWord),
      memory.host.argument, static_cast<std::uint64_t>(offset)});
  // Every write to the host issues a token, asked for or not.
  emit_push(op, {allocation->tile, allocation->mm2s, allocation->channel}, static_cast<int>(id),
            static_cast<int>(sizes[0]) - 1, flag(op, "issue_token") || !allocation->mm2s);
}

void SequenceCompiler::dma_wait(const Operation& op) {
  know_attributes(op, {"symbol"});
  const std::string symbol = text(op, "symbol");
  const ShimAllocation* allocation = plan_.find_allocation(symbol);
  if (allocation == nullptr) {
    refuse_op(op, "couldn't find shim_dma_allocation op '@" + symbol + "'");
  }
  instructions_.push_back(npu::Sync{allocation->tile, allocation->mm2s, allocation->channel, 1, 1});
}

// Tasks.

SequenceCompiler::Channel SequenceCompiler::task_channel(const Operation& op,
                                                         std::optional<PacketInfo>& packet) {
  if (const auto symbol = optional_text(op, "alloc")) {
    const ShimAllocation* allocation = plan_.find_allocation(*symbol);
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
  // The tile is the first operand of a task and the last of a chain's start.
  channel.tile = plan_.tile_of(op, op.attribute("symbol") != nullptr ? op.operands.size() - 1 : 0);
  channel.mm2s = choice(op, "direction", {"S2MM", "MM2S"}) == 1;
  const npu::TileLimits& limits = plan_.array->limits(plan_.array->kind(channel.tile));
  channel.channel = static_cast<int>(integer(
      op, "channel", 0, (channel.mm2s ? limits.n_mm2s_channels : limits.n_s2mm_channels) - 1));
  return channel;
}

int SequenceCompiler::take_descriptor(const Operation& op, const Channel& channel,
                                      std::optional<int> wanted) {
  const npu::TileLimits& limits = plan_.array->limits(plan_.array->kind(channel.tile));
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
  // The configuration's own descriptors are not to be overwritten.
  std::set<int> fixed;
  if (const auto dma = plan_.dmas.find(channel.tile); dma != plan_.dmas.end()) {
    for (const BlockPlan& block : dma->second.blocks) {
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

void SequenceCompiler::write_block(const Operation& op, const Channel& channel, int id,
                                   BlockPlan block, int next) {
  const TileKind kind = plan_.array->kind(channel.tile);
  const npu::TileLimits& limits = plan_.array->limits(kind);
  block.channel = channel.channel;
  Host host;
  if (block.buffer < 0) {
    const Bound& memory = bound(op, block.host);
    if (memory.kind != Bound::Kind::Host) {
      refuse_op(op,
                "Buffer argument must be a constant aie.buffer, a runtime sequence input "
                "argument, or a view of one");
    }
    if (kind != TileKind::Shim) {
      refuse_op(op, "DDR memory (runtime input arguments) can only be referred to on shim tiles.");
    }
    host = memory.host;
    host.offset += block.offset * block.element_bytes;
    if (host.offset < 0 || host.offset % 4 != 0) {
      refuse(block.line, "'aie.dma_bd' op: Offset must be aligned to 4 byte boundary.");
    }
  }
  // The outermost of four dimensions is the iteration, which lower_block does not know.
  std::vector<BlockDim> dims(block.dims.rbegin(), block.dims.rend());
  if (dims.size() > 4) {
    refuse(block.line,
           "'aie.dma_bd' op: At most four data layout transformation dimensions may be "
           "provided.");
  }
  const bool shaped = !dims.empty();
  dims.resize(4, {1, 0});
  npu::BufferDescriptor walk;
  if (shaped) {
    const std::uint64_t words = set_dims(block.line, "'aie.dma_bd' op", limits,
                                         kind == TileKind::Shim, dims, block.element_bytes, walk);
    std::uint64_t padded = words;
    if (!block.padding.empty()) {
      padded = static_cast<std::uint64_t>(block.length * block.element_bytes / 4);
    }
    if (padded != static_cast<std::uint64_t>(block.length * block.element_bytes / 4)) {
      refuse(block.line,
             "'aie.dma_bd' op: Buffer descriptor length does not match length of transfer "
             "expressed by lowest three dimensions of data layout transformation strides/wraps. "
             "BD length is " +
                 std::to_string(block.length * block.element_bytes) +
                 " bytes. Lowest three dimensions of data layout transformation would result in "
                 "transfer of " +
                 std::to_string(words * 4) + " bytes.");
    }
  }
  if (block.padding.empty()) {
    block.dims.clear();
  } else if (block.dims.size() > 3) {
    refuse_unmodelled(block.line, "padding of four dimensions in a task");
  }
  npu::BufferDescriptor descriptor = lower_block(plan_, channel.tile, block, channel.mm2s, next);
  for (std::size_t i = 0; shaped && i < walk.dims.size(); ++i) {
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
  emit_descriptor(op, channel.tile, id, descriptor);
  if (block.buffer < 0) {
    instructions_.push_back(npu::PatchAddress{
        npu::tile_address(channel.tile, npu::descriptor_register(kind, id) + kAddressWord),
        host.argument, static_cast<std::uint64_t>(host.offset)});
  }
}

int SequenceCompiler::make_task(const Operation& op, const mlir::Region& region,
                                std::optional<PacketInfo> packet) {
  Task task;
  task.channel = task_channel(op, packet);
  task.issue_token = flag(op, "issue_token");
  task.repeat = static_cast<int>(integer_or(op, "repeat_count", 0, 0, 255));

  // Follow the chain from the first block with a descriptor on.
  std::vector<const Block*> chain;
  std::map<const Block*, std::size_t> position;
  const Block* block = region.blocks.empty() ? nullptr : region.blocks[0];
  int loops_to = -1;
  while (block != nullptr) {
    if (const auto seen = position.find(block); seen != position.end()) {
      loops_to = static_cast<int>(seen->second);
      break;
    }
    const Operation* last = nullptr;
    bool described = false;
    for (const Operation* inner : block->operations) {
      described = described || inner->name == "aie.dma_bd";
      last = inner;
      if (inner->name != "aie.dma_bd" && inner->name != "aie.use_lock" &&
          inner->name != "aie.next_bd" && inner->name != "aie.end" &&
          inner->name != "arith.constant" && inner->name != "aie.dma_bd_packet") {
        refuse_op(*inner, "Unsupported operation within BD block.");
      }
      if (inner->name == "arith.constant") {
        constant(*inner);
      }
    }
    if (described) {
      position[block] = chain.size();
      chain.push_back(block);
    } else if (!chain.empty()) {
      break;  // A block that only ends the chain.
    }
    const bool goes_on =
        last != nullptr && last->name == "aie.next_bd" && last->successors.size() == 1;
    block = goes_on ? last->successors[0].block : nullptr;
    if (chain.empty() && block != nullptr && position.size() > region.blocks.size()) {
      break;
    }
    if (!described && chain.empty()) {
      // An entry block that only leads to the chain; it may not lead back to itself.
      if (block == region.blocks[0]) {
        break;
      }
    }
  }
  if (chain.empty()) {
    refuse_op(op,
              "Block ending in this terminator does not contain a required aie.dma_bd "
              "operation.");
  }
  std::vector<BlockPlan> blocks;
  for (const Block* one : chain) {
    blocks.push_back(read_block(plan_, *one, [this](const Operation& user, const Value* value) {
      return number_of(user, value);
    }));
    if (!blocks.back().packet) {
      blocks.back().packet = packet;
    }
  }
  for (const BlockPlan& one : blocks) {
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
                     : loops_to >= 0       ? task.ids[static_cast<std::size_t>(loops_to)]
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
  const int task = make_task(op, op.regions[0], std::nullopt);
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
  instructions_.push_back(
      npu::Sync{task.channel.tile, task.channel.mm2s, task.channel.channel, 1, 1});
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
  const auto found = plan_.chains.find(symbol);
  if (found == plan_.chains.end()) {
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
    if (plan_.buffer_of.contains(op.operands[i])) {
      refuse_unmodelled(op.line, "a buffer as argument of a BD chain");
    }
    values_[arguments[i]] = Bound(bound(op, op.operands[i]));
  }
  start(op, make_task(op, chain.regions[0], std::nullopt));
}

}  // namespace npuwhisper::emu::lowering
