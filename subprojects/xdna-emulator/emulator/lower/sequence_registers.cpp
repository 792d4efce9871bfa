// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits>

#include "emulator/lower/sequence.h"

namespace npuwhisper::emu::lowering {
namespace {

using npu::TileId;
using npu::TileKind;

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::uint32_t kIssueToken = 0x80000000;

// The address of Core_Control in the core module, and the reset bit, are from AMD's register
// reference AM025. Core_Control and the control registers of DMA channels have the same reset bit.
constexpr std::uint32_t kCoreControl = 0x32000;
constexpr std::uint32_t kReset = 2;

/// Returns the bits of a 32-bit field. The text may give its value signed or unsigned.
std::uint32_t word(const mlir::Operation& op, std::int64_t value) {
  if (value < std::numeric_limits<std::int32_t>::min() ||
      value > std::numeric_limits<std::uint32_t>::max()) {
    refuse_op(op, std::to_string(value) + " does not fit 32 bits");
  }
  return static_cast<std::uint32_t>(value);
}

}  // namespace

TileId SequenceCompiler::checked_tile(const Operation& op, std::int64_t column, std::int64_t row) {
  if (column < 0 || column >= draft_.n_columns || row < 0 || row >= draft_.array->n_rows) {
    refuse_op(op, "tile (" + std::to_string(column) + ", " + std::to_string(row) +
                      ") is not in the device");
  }
  return {static_cast<int>(column), static_cast<int>(row)};
}

std::uint32_t SequenceCompiler::absolute_address(const Operation& op, std::int64_t address) {
  const std::uint32_t given = word(op, address);
  if (const auto name = optional_text(op, "buffer")) {
    const auto found = draft_.buffer_named.find(*name);
    if (found == draft_.buffer_named.end()) {
      refuse_op(op, "buffer '" + *name + "' not found in device");
    }
    const BufferDraft& buffer = draft_.buffers[static_cast<std::size_t>(found->second)];
    return npu::tile_address(buffer.tile,
                             (static_cast<std::uint32_t>(*buffer.address) + given * 4) & 0xfffff);
  }
  const auto column = optional_integer(op, "column", 0, kMaxInt);
  const auto row = optional_integer(op, "row", 0, kMaxInt);
  if (column && row) {
    return npu::tile_address(checked_tile(op, *column, *row), given & 0xfffff);
  }
  return given;
}

void SequenceCompiler::write32(const Operation& op) {
  know_attributes(op, {"address", "value", "buffer", "column", "row"});
  const std::uint32_t address = absolute_address(op, field(op, 0, "address"));
  emit(npu::Write32{address, word(op, field(op, 1, "value"))});
}

void SequenceCompiler::mask_write32(const Operation& op) {
  know_attributes(op, {"address", "value", "mask", "buffer", "column", "row"});
  const std::uint32_t address = absolute_address(op, field(op, 0, "address"));
  emit(npu::MaskWrite{address, word(op, field(op, 1, "value")), word(op, field(op, 2, "mask"))});
}

void SequenceCompiler::block_write(const Operation& op) {
  know_attributes(op, {"address", "buffer", "column", "row"});
  if (op.operands.size() != 1) {
    refuse_op(op, "expects its data");
  }
  const Bound& data = bound(op, op.operands[0]);
  if (data.kind != Bound::Kind::Data) {
    refuse_op(op, "its data must be a constant global memref");
  }
  emit(npu::BlockWrite{
      absolute_address(op, integer(op, "address", 0, std::numeric_limits<std::uint32_t>::max())),
      data.data});
}

void SequenceCompiler::rtp_write(const Operation& op) {
  know_attributes(op, {"buffer", "buffer_sym_name", "index", "value", "col", "row", "column"});
  const std::string name =
      text(op, op.attribute("buffer") != nullptr ? "buffer" : "buffer_sym_name");
  const auto found = draft_.buffer_named.find(name);
  if (found == draft_.buffer_named.end()) {
    refuse_op(op, "buffer '" + name + "' not found in device");
  }
  const BufferDraft& buffer = draft_.buffers[static_cast<std::size_t>(found->second)];
  const std::int64_t index = integer(op, "index", 0, kMaxInt);
  if (index * 4 + 4 > buffer.bytes) {
    refuse_op(op, "index " + std::to_string(index) + " lies behind buffer '" + name + "' of " +
                      std::to_string(buffer.bytes) + " bytes");
  }
  const auto address = static_cast<std::uint32_t>(*buffer.address + index * 4);
  emit(npu::Write32{npu::tile_address(buffer.tile, address), word(op, field(op, 0, "value"))});
}

void SequenceCompiler::address_patch(const Operation& op) {
  know_attributes(op, {"addr", "arg_idx", "arg_plus", "dynamic_address"});
  if (op.attribute("dynamic_address") != nullptr) {
    refuse_unmodelled(op.line, "'aiex.npu.address_patch' of a dynamic address");
  }
  const std::uint32_t plus = word(op, field(op, 0, "arg_plus"));
  emit(
      npu::PatchAddress{word(op, integer(op, "addr", 0, std::numeric_limits<std::uint32_t>::max())),
                        static_cast<int>(integer(op, "arg_idx", 0, 255)), plus});
}

void SequenceCompiler::sync(const Operation& op) {
  know_attributes(op, {"column", "row", "direction", "channel", "column_num", "row_num"});
  const TileId tile = checked_tile(op, field(op, 0, "column"), field(op, 1, "row"));
  const std::int64_t direction = field(op, 2, "direction");
  const std::int64_t channel = field(op, 3, "channel");
  const std::int64_t n_columns = field(op, 4, "column_num");
  const std::int64_t n_rows = field(op, 5, "row_num");
  if (direction < 0 || direction > 1 || channel < 0 || channel > 5 || n_columns < 1 ||
      n_columns > draft_.n_columns - tile.column || n_rows < 1 ||
      n_rows > draft_.array->n_rows - tile.row) {
    refuse_op(op, "waits for tiles or channels that are not in the device");
  }
  emit(npu::Sync{tile, direction == 1, static_cast<int>(channel), static_cast<int>(n_rows),
                 static_cast<int>(n_columns)});
}

void SequenceCompiler::emit_push(const Operation& op, const Channel& channel, int descriptor,
                                 int repeat, bool issue_token) {
  const TileKind kind = draft_.array->kind(channel.tile);
  if (repeat < 0 || repeat > 255) {
    refuse_op(op, "Repeat count " + std::to_string(repeat) + " exceeds the [0:255] range.");
  }
  if (issue_token) {
    if (const auto id = draft_.controller_ids.find(channel.tile);
        id != draft_.controller_ids.end()) {
      emit(npu::controller_id_write(channel.tile, kind, channel.mm2s, channel.channel, id->second));
    }
    ++tokens_[channel];
  }
  emit(npu::Write32{
      npu::tile_address(channel.tile, npu::queue_register(kind, channel.mm2s, channel.channel)),
      static_cast<std::uint32_t>(descriptor) | static_cast<std::uint32_t>(repeat) << 16 |
          (issue_token ? kIssueToken : 0)});
}

void SequenceCompiler::push_queue(const Operation& op) {
  know_attributes(
      op, {"column", "row", "direction", "channel", "issue_token", "repeat_count", "bd_id"});
  Channel channel;
  channel.tile =
      checked_tile(op, integer(op, "column", 0, kMaxInt), integer(op, "row", 0, kMaxInt));
  channel.mm2s = choice(op, "direction", {"S2MM", "MM2S"}) == 1;
  const npu::TileLimits& limits = draft_.array->limits(draft_.array->kind(channel.tile));
  channel.channel = static_cast<int>(integer(
      op, "channel", 0, (channel.mm2s ? limits.n_mm2s_channels : limits.n_s2mm_channels) - 1));
  const std::int64_t repeat = field(op, 0, "repeat_count");
  const std::int64_t descriptor = field(op, 1, "bd_id");
  if (descriptor < 0 || descriptor >= limits.n_descriptors) {
    refuse_op(op, "BD ID " + std::to_string(descriptor) + " exceeds the maximum ID " +
                      std::to_string(limits.n_descriptors - 1));
  }
  if (repeat < 0 || repeat > 255) {
    refuse_op(op, "Repeat count exceeds the [0:255] range.");
  }
  emit_push(op, channel, static_cast<int>(descriptor), static_cast<int>(repeat),
            flag(op, "issue_token"));
}

void SequenceCompiler::emit_descriptor(const Operation& op, TileId tile, int id,
                                       const npu::BufferDescriptor& descriptor) {
  const TileKind kind = draft_.array->kind(tile);
  const auto words = npu::pack(descriptor, kind, *draft_.array);
  if (!words) {
    refuse_op(op, words.error().message);
  }
  emit(npu::BlockWrite{npu::tile_address(tile, npu::descriptor_register(kind, id)),
                       {words->begin(), words->begin() + npu::descriptor_words(kind)}});
}

void SequenceCompiler::emit_host_address(TileId tile, int id, const Host& host) {
  constexpr std::uint32_t kAddressWord = 4;  // Byte offset within a shim descriptor.
  emit(npu::PatchAddress{
      npu::tile_address(tile, npu::descriptor_register(TileKind::Shim, id) + kAddressWord),
      host.argument, static_cast<std::uint64_t>(host.offset)});
}

void SequenceCompiler::write_bd(const Operation& op) {
  know_attributes(op, {"column",          "row",
                       "bd_id",           "buffer_length",
                       "buffer_offset",   "enable_packet",
                       "out_of_order_id", "packet_id",
                       "packet_type",     "d0_size",
                       "d0_stride",       "d1_size",
                       "d1_stride",       "d2_size",
                       "d2_stride",       "iteration_current",
                       "iteration_size",  "iteration_stride",
                       "next_bd",         "use_next_bd",
                       "valid_bd",        "lock_rel_val",
                       "lock_rel_id",     "lock_acq_enable",
                       "lock_acq_val",    "lock_acq_id",
                       "d0_zero_before",  "d1_zero_before",
                       "d2_zero_before",  "d0_zero_after",
                       "d1_zero_after",   "d2_zero_after",
                       "burst_length",    "ddr_id"});
  // Ignore ddr_id, which older versions set: an address_patch gives the same information.
  const TileId tile =
      checked_tile(op, integer(op, "column", 0, kMaxInt), integer(op, "row", 0, kMaxInt));
  const npu::TileLimits& limits = draft_.array->limits(draft_.array->kind(tile));
  const auto raw = [&](const char* name) {
    return static_cast<std::uint32_t>(integer_or(op, name, 0, -kMaxInt - 1, 0xffffffff));
  };
  if (raw("out_of_order_id") != 0) {
    refuse_unmodelled(op.line, "attribute 'out_of_order_id' of 'aiex.npu.writebd'");
  }
  const int id = static_cast<int>(integer(op, "bd_id", 0, limits.n_descriptors - 1));
  // The attributes are raw register fields. Steps and the iteration's wrap are stored minus one.
  npu::BufferDescriptor d;
  d.valid = raw("valid_bd") != 0;
  d.address = raw("buffer_offset");
  if (draft_.array->kind(tile) == TileKind::Mem) {
    d.address *= 4;
  }
  d.length = raw("buffer_length");
  constexpr const char* kSizes[] = {"d0_size", "d1_size", "d2_size"};
  constexpr const char* kStrides[] = {"d0_stride", "d1_stride", "d2_stride"};
  constexpr const char* kBefore[] = {"d0_zero_before", "d1_zero_before", "d2_zero_before"};
  constexpr const char* kAfter[] = {"d0_zero_after", "d1_zero_after", "d2_zero_after"};
  for (std::size_t i = 0; i < 3; ++i) {
    d.dims[i] = {raw(kSizes[i]), raw(kStrides[i]) + 1, raw(kBefore[i]), raw(kAfter[i])};
  }
  d.iteration_wrap = raw("iteration_size") + 1;
  d.iteration_step = raw("iteration_stride") + 1;
  d.iteration_current = raw("iteration_current");
  d.use_next = raw("use_next_bd") != 0;
  d.next = raw("next_bd");
  d.acquire_enable = raw("lock_acq_enable") != 0;
  d.acquire_lock = raw("lock_acq_id");
  // Lock values are signed 7-bit fields.
  d.acquire_value = static_cast<std::int32_t>((raw("lock_acq_val") & 0x7f) ^ 0x40) - 0x40;
  d.release_lock = raw("lock_rel_id");
  d.release_value = static_cast<std::int32_t>((raw("lock_rel_val") & 0x7f) ^ 0x40) - 0x40;
  d.packet = raw("enable_packet") != 0;
  d.packet_id = raw("packet_id");
  d.packet_type = raw("packet_type");
  d.burst_bytes = raw("burst_length");
  emit_descriptor(op, tile, id, d);
}

void SequenceCompiler::set_lock(const Operation& op) {
  know_attributes(op, {"value"});
  const LockDraft& lock = draft_.locks[static_cast<std::size_t>(draft_.lock_operand(op, 0))];
  const TileKind kind = draft_.array->kind(lock.tile);
  const std::int64_t value = integer(op, "value", 0, draft_.array->limits(kind).max_lock_value);
  emit(npu::Write32{npu::tile_address(lock.tile, npu::lock_register(kind, *lock.id)),
                    static_cast<std::uint32_t>(value)});
}

void SequenceCompiler::buffer_clear(const Operation& op) {
  know_attributes(op, {"address", "length"});
  const TileId tile = draft_.tile_of(op, 0);
  const TileKind kind = draft_.array->kind(tile);
  const std::int64_t bytes = draft_.array->limits(kind).memory_bytes;
  if (kind == TileKind::Shim) {
    refuse_op(op, "tile " + to_string(tile) +
                      " has no local data memory to clear (only core and mem tiles do)");
  }
  const std::int64_t address = integer(op, "address", 0, bytes - 1);
  const std::int64_t n_words = integer(op, "length", 1, bytes / 4);
  if (address % 4 != 0 || address + n_words * 4 > bytes) {
    refuse_op(op, "clears " + std::to_string(n_words) + " words from address " +
                      std::to_string(address) + " on, which must be words of the tile's memory");
  }
  emit(npu::BlockWrite{npu::tile_address(tile, static_cast<std::uint32_t>(address)),
                       std::vector<std::uint32_t>(static_cast<std::size_t>(n_words), 0)});
}

void SequenceCompiler::load_pdi(const Operation& op) {
  know_attributes(op, {"device_ref", "id", "size", "address", "expand_mode"});
  refuse_unmodelled(op.line, "'aiex.npu.load_pdi' (a change of configuration within a sequence)");
}

void SequenceCompiler::preempt(const Operation& op) {
  know_attributes(op, {"level"});
  emit(npu::Preempt{static_cast<std::uint32_t>(integer(op, "level", 0, 255))});
}

void SequenceCompiler::channel_reset(const Operation& op) {
  know_attributes(op, {"direction", "channel"});
  const TileId tile = draft_.tile_of(op, 0);
  const TileKind kind = draft_.array->kind(tile);
  if (kind == TileKind::Shim) {
    refuse_op(op, "the DMA channels of shim tiles have no reset");
  }
  const bool mm2s = choice(op, "direction", {"S2MM", "MM2S"}) == 1;
  const npu::TileLimits& limits = draft_.array->limits(kind);
  const int channel = static_cast<int>(
      integer(op, "channel", 0, (mm2s ? limits.n_mm2s_channels : limits.n_s2mm_channels) - 1));
  const std::uint32_t address =
      npu::tile_address(tile, npu::channel_control_register(kind, mm2s, channel));
  emit(npu::MaskWrite{address, kReset, kReset});
  emit(npu::MaskWrite{address, 0, kReset});
}

void SequenceCompiler::core_reset(const Operation& op) {
  know_attributes(op, {});
  const TileId tile = draft_.tile_of(op, 0);
  if (draft_.array->kind(tile) != TileKind::Core) {
    refuse_op(op, "tile " + to_string(tile) + " is not a core tile");
  }
  const std::uint32_t address = npu::tile_address(tile, kCoreControl);
  emit(npu::MaskWrite{address, kReset, kReset});
  emit(npu::MaskWrite{address, 0, kReset});
}

}  // namespace npuwhisper::emu::lowering
