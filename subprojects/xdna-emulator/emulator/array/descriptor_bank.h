// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <npuwhisper/result.h>

#include "array/buffer_descriptor.h"

namespace npuwhisper::emu {

/// The buffer descriptors of one tile. Stores the registers that instruction streams write, and
/// decodes them when a channel loads a descriptor. The iteration counter is a field of the
/// descriptor, as on silicon, and keeps its value from task to task.
class DescriptorBank {
 public:
  DescriptorBank(npu::TileId tile, npu::TileKind kind, const npu::ArrayModel& array);

  int size() const { return static_cast<int>(descriptors_.size()); }

  /// Sets a descriptor of the design. Errors: InvalidArgument (no such descriptor, or a field that
  /// its registers cannot hold).
  Result<void> declare(int id, const npu::BufferDescriptor& descriptor);

  std::uint32_t word(int id, int index) const;
  void write_word(int id, int index, std::uint32_t value);

  /// Returns descriptor `id`, decoded from its registers. Errors: DeviceError (no such descriptor,
  /// or one that was never written, is not valid or is malformed).
  Result<npu::BufferDescriptor> load(int id);

  /// Returns the number of writes to a descriptor.
  std::uint64_t version(int id) const { return at(id).version; }

  /// Advances the iteration counter of a descriptor after its execution. Does nothing if the
  /// descriptor's version differs from `version`, because a write has changed the descriptor.
  void advance_iteration(int id, std::uint64_t version);

 private:
  struct Entry {
    std::array<std::uint32_t, 8> words{};
    npu::BufferDescriptor decoded;
    bool is_decoded = false;
    std::uint64_t version = 0;  ///< Number of writes to the descriptor.
  };
  Entry& at(int id) { return descriptors_[static_cast<std::size_t>(id)]; }
  const Entry& at(int id) const { return descriptors_[static_cast<std::size_t>(id)]; }

  npu::TileId tile_;
  npu::TileKind kind_;
  const npu::ArrayModel& array_;
  std::vector<Entry> descriptors_;
};

}  // namespace npuwhisper::emu
