// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "emulator/array/fabric.h"

namespace npuwhisper::emu {

/// The array's registers as instruction streams address them: descriptors, task queues, control and
/// status of channels, locks, the cores' control, and the memories of memory tiles and cores. An
/// access to another register leads to an error that names the address.
class Registers {
 public:
  explicit Registers(Fabric& fabric);

  /// Writes a register or a word of memory. write() and read() have the same errors: DeviceError (a
  /// tile that the design does not have, or an illegal address or value), Unsupported (a register
  /// or a value that is not modelled).
  Result<void> write(std::uint32_t address, std::uint32_t value);
  Result<std::uint32_t> read(std::uint32_t address) const;

  /// Replaces the host address in a shim descriptor. `address` is the address of the descriptor's
  /// second word. Errors: DeviceError (another address, or an illegal host address), Unsupported (a
  /// register that is not modelled).
  Result<void> patch(std::uint32_t address, std::uint64_t host_address);

 private:
  enum class Kind : std::uint8_t { Memory, Descriptor, Queue, Control, Status, Lock, Core };
  struct Register {
    Kind kind = Kind::Memory;
    int index = 0;  ///< Number of the descriptor, channel or lock.
    int word = 0;   ///< Index of a word in a descriptor. For channels: 1 for MM2S, 0 for S2MM.
  };
  struct Place {
    Tile* tile = nullptr;
    std::uint32_t offset = 0;
    Register reg;
  };
  Result<Place> find(std::uint32_t address) const;
  Result<void> write_control(const ChannelId& channel, Tile& tile, std::uint32_t value);
  static std::unordered_map<std::uint32_t, Register> map_of(npu::TileKind kind,
                                                            const npu::ArrayModel& model);

  Fabric& fabric_;
  std::array<std::unordered_map<std::uint32_t, Register>, 3> maps_;  ///< Registers by kind of tile.
};

}  // namespace npuwhisper::emu
