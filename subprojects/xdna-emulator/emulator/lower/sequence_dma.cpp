// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits>

#include "emulator/lower/sequence.h"
#include "emulator/lower/sequence_dims.h"

namespace npuwhisper::emu::lowering {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxHostOffset = std::int64_t{1} << 48;

}  // namespace

void SequenceCompiler::dma_memcpy_nd(const Operation& op) {
  know_attributes(
      op, {"x", "y", "static_offsets", "static_sizes", "static_strides", "packet", "metadata", "id",
           "issue_token", "d0_zero_before", "d1_zero_before", "d2_zero_before", "d0_zero_after",
           "d1_zero_after", "d2_zero_after", "burst_length"});
  const std::string symbol = text(op, "metadata");
  const ShimAllocation* allocation = draft_.find_allocation(symbol);
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
  const std::uint64_t length = set_sequence_dims(
      op.line, "'" + op.name + "' op", draft_.array->shim, true, dims, element_bytes, descriptor);
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
  if (id >= draft_.array->shim.n_descriptors) {
    refuse_op(op, "BD ID exceeds the maximum ID " +
                      std::to_string(draft_.array->shim.n_descriptors - 1) + ".");
  }
  emit_descriptor(op, allocation->tile, static_cast<int>(id), descriptor);
  emit_host_address(allocation->tile, static_cast<int>(id), {memory.host.argument, offset});
  // Every write to the host issues a token, whether requested or not.
  emit_push(op, {allocation->tile, allocation->mm2s, allocation->channel}, static_cast<int>(id),
            static_cast<int>(sizes[0]) - 1, flag(op, "issue_token") || !allocation->mm2s);
}

void SequenceCompiler::dma_wait(const Operation& op) {
  know_attributes(op, {"symbol"});
  const std::string symbol = text(op, "symbol");
  const ShimAllocation* allocation = draft_.find_allocation(symbol);
  if (allocation == nullptr) {
    refuse_op(op, "couldn't find shim_dma_allocation op '@" + symbol + "'");
  }
  emit(npu::Sync{allocation->tile, allocation->mm2s, allocation->channel, 1, 1});
}

}  // namespace npuwhisper::emu::lowering
