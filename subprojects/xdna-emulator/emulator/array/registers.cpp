// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/registers.h"

#include <cstring>
#include <string>

#include "array/buffer_descriptor.h"
#include "emulator/array/core_processor.h"
#include "emulator/array/names.h"
#include "emulator/array/tile.h"

namespace npuwhisper::emu {
namespace {

/// Bit of a channel's control register that resets the channel (AMD's manual AM025). Besides this
/// bit and the controller id, the register has other fields (pause, out of order, compression,
/// finish on TLAST). Values that set these fields are refused.
constexpr std::uint32_t kReset = 0x00000002;

/// Offset of the register CORE_CONTROL (AM025).
constexpr std::uint32_t kCoreControl = 0x32000;

/// Returns the offset of a channel's status register (AM025: DMA_S2MM_Status and DMA_MM2S_Status).
/// Instruction streams poll the register before they push a task, to check that the task queue has
/// room (mlir-aie's queue-depth enforcement). They also poll the register to check whether a
/// channel is idle.
std::uint32_t status_register(npu::TileKind kind, bool mm2s, int channel) {
  std::uint32_t base = mm2s ? 0x1df10 : 0x1df00;
  if (kind == npu::TileKind::Shim) base = mm2s ? 0x1d228 : 0x1d220;
  if (kind == npu::TileKind::Mem) base = mm2s ? 0xa0680 : 0xa0660;
  return base + 4 * static_cast<std::uint32_t>(channel);
}

std::uint32_t status_of(const ChannelProcessor& channel) {
  constexpr std::uint32_t kRunning = 2;
  std::uint32_t status = static_cast<std::uint32_t>(channel.queue().size()) << 20;
  if (!channel.task()) return status;
  status |= kRunning | 1U << 19;
  if (channel.state() == ChannelProcessor::State::WaitingForLock) status |= 1U << 2;
  if (channel.state() == ChannelProcessor::State::Ready) status |= 1U << 4;
  return status | static_cast<std::uint32_t>(channel.descriptor_id()) << 24;
}

}  // namespace

Registers::Registers(Fabric& fabric) : fabric_(fabric) {
  for (const auto kind : {npu::TileKind::Shim, npu::TileKind::Mem, npu::TileKind::Core}) {
    maps_[static_cast<std::size_t>(kind)] = map_of(kind, fabric.model);
  }
}

std::unordered_map<std::uint32_t, Registers::Register> Registers::map_of(
    npu::TileKind kind, const npu::ArrayModel& model) {
  const npu::TileLimits& limits = model.limits(kind);
  std::unordered_map<std::uint32_t, Register> map;
  for (int id = 0; id < limits.n_descriptors; ++id) {
    for (int word = 0; word < npu::descriptor_words(kind); ++word) {
      map[npu::descriptor_register(kind, id) + 4 * static_cast<std::uint32_t>(word)] = {
          Kind::Descriptor, id, word};
    }
  }
  for (const bool mm2s : {false, true}) {
    const int n_channels = mm2s ? limits.n_mm2s_channels : limits.n_s2mm_channels;
    for (int channel = 0; channel < n_channels; ++channel) {
      map[npu::queue_register(kind, mm2s, channel)] = {Kind::Queue, channel, mm2s ? 1 : 0};
      map[npu::channel_control_register(kind, mm2s, channel)] = {Kind::Control, channel,
                                                                 mm2s ? 1 : 0};
      map[status_register(kind, mm2s, channel)] = {Kind::Status, channel, mm2s ? 1 : 0};
    }
  }
  if (kind == npu::TileKind::Core) map[kCoreControl] = {Kind::Core, 0, 0};
  for (int lock = 0; lock < limits.n_locks; ++lock) {
    map[npu::lock_register(kind, lock)] = {Kind::Lock, lock, 0};
  }
  return map;
}

Result<Registers::Place> Registers::find(std::uint32_t address) const {
  const npu::TileId id{static_cast<int>(address >> 25), static_cast<int>(address >> 20 & 0x1f)};
  const std::uint32_t offset = address & 0xfffff;
  Tile* tile = fabric_.tile(id);
  if (!tile) {
    return fail(ErrorCode::DeviceError, "address " + hexadecimal(address) + " is of " +
                                            name_of(id) + ", which the design does not have (" +
                                            std::to_string(fabric_.n_columns) + " columns, " +
                                            std::to_string(fabric_.model.n_rows) + " rows)");
  }
  if (offset % 4 != 0) {
    return fail(ErrorCode::DeviceError,
                "address " + hexadecimal(address) + " is not a multiple of 4");
  }
  if (offset < tile->memory().size()) return Place{tile, offset, {}};
  const auto& map = maps_[static_cast<std::size_t>(tile->kind())];
  const auto found = map.find(offset);
  if (found == map.end()) {
    return fail(ErrorCode::Unsupported, "register " + hexadecimal(offset) + " of " + name_of(id) +
                                            " (address " + hexadecimal(address) +
                                            ") is not modelled");
  }
  return Place{tile, offset, found->second};
}

Result<void> Registers::write(std::uint32_t address, std::uint32_t value) {
  auto place = find(address);
  if (!place) return fail(place.error());
  Tile& tile = *place->tile;
  const Register& reg = place->reg;
  switch (reg.kind) {
    case Kind::Memory:
      std::memcpy(tile.memory().data() + place->offset, &value, sizeof value);
      return {};
    case Kind::Descriptor:
      // Refuse the write while a task needs the descriptor. Silicon would execute the old or the
      // new descriptor, depending on timing.
      for (const auto& channel : tile.channels()) {
        if (channel->will_use(reg.index)) {
          const ChannelId id = channel->id();
          return fail(ErrorCode::DeviceError,
                      "descriptor " + std::to_string(reg.index) + " of " + name_of(tile.id()) +
                          " is written while a task of " + name_of(id.tile, id.mm2s, id.channel) +
                          " still needs it: wait for the task first");
        }
      }
      tile.descriptors().write_word(reg.index, reg.word, value);
      return {};
    case Kind::Queue:
      return tile.channel(reg.word == 1, reg.index)->push(npu::unpack_task(value, tile.kind()));
    case Kind::Control:
      return write_control({tile.id(), reg.word == 1, reg.index}, tile, value);
    case Kind::Status:
      return fail(ErrorCode::DeviceError,
                  "register " + hexadecimal(address) + " is a channel's status: it is read only");
    case Kind::Core:
      if (!tile.core()) break;
      return tile.core()->set_control(value);
    case Kind::Lock:
      return tile.locks().set(reg.index, static_cast<int>(value));
  }
  return fail(ErrorCode::DeviceError, name_of(tile.id()) + " has no core that runs a program");
}

Result<void> Registers::write_control(const ChannelId& channel, Tile& tile, std::uint32_t value) {
  if ((value & ~(npu::kControllerIdMask | kReset)) != 0) {
    return fail(ErrorCode::Unsupported, "value " + hexadecimal(value) + " for the control of " +
                                            name_of(channel.tile, channel.mm2s, channel.channel) +
                                            " is not modelled (reset and the controller's id are)");
  }
  ChannelProcessor& processor = *tile.channel(channel.mm2s, channel.channel);
  processor.set_controller_id(
      static_cast<int>((value & npu::kControllerIdMask) >> npu::kControllerIdLsb));
  if ((value & kReset) != 0) processor.reset();
  return {};
}

Result<std::uint32_t> Registers::read(std::uint32_t address) const {
  auto place = find(address);
  if (!place) return fail(place.error());
  Tile& tile = *place->tile;
  switch (place->reg.kind) {
    case Kind::Memory: {
      std::uint32_t value = 0;
      std::memcpy(&value, tile.memory().data() + place->offset, sizeof value);
      return value;
    }
    case Kind::Descriptor:
      return tile.descriptors().word(place->reg.index, place->reg.word);
    case Kind::Core:
      if (!tile.core()) {
        return fail(ErrorCode::DeviceError,
                    name_of(tile.id()) + " has no core that runs a program");
      }
      return tile.core()->control();
    case Kind::Status:
      return status_of(*tile.channel(place->reg.word == 1, place->reg.index));
    case Kind::Lock: {
      auto value = tile.locks().value(place->reg.index);
      if (!value) return fail(value.error());
      return static_cast<std::uint32_t>(*value);
    }
    case Kind::Queue:
      return fail(ErrorCode::Unsupported, "reading the task queue at " + hexadecimal(address));
    case Kind::Control:
      break;
  }
  const auto id = static_cast<std::uint32_t>(
      tile.channel(place->reg.word == 1, place->reg.index)->controller_id());
  return id << npu::kControllerIdLsb;
}

Result<void> Registers::patch(std::uint32_t address, std::uint64_t host_address) {
  auto place = find(address);
  if (!place) return fail(place.error());
  if (place->tile->kind() != npu::TileKind::Shim || place->reg.kind != Kind::Descriptor ||
      place->reg.word != 1) {
    return fail(ErrorCode::DeviceError, "address " + hexadecimal(address) +
                                            " is not the second word of a shim's descriptor");
  }
  if (host_address % 4 != 0 || host_address >> 48 != 0) {
    return fail(ErrorCode::DeviceError, "host address " + hexadecimal(host_address) +
                                            " for descriptor " + std::to_string(place->reg.index) +
                                            " of " + name_of(place->tile->id()) +
                                            ": expected a multiple of 4 below 2^48");
  }
  auto low = write(address, static_cast<std::uint32_t>(host_address));
  if (!low) return low;
  const std::uint32_t rest = place->tile->descriptors().word(place->reg.index, 2) & 0xffff0000U;
  return write(address + 4, rest | static_cast<std::uint32_t>(host_address >> 32));
}

}  // namespace npuwhisper::emu
