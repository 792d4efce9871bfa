// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

namespace npuwhisper::emu {

/// Whole pages of memory, all zero at first: of a file's from its beginning, or the process's own.
class MemoryMap {
 public:
  MemoryMap() = default;
  /// fd: -1 for memory of the process's own. Empty where there is none to be had.
  MemoryMap(std::size_t bytes, int fd);
  MemoryMap(MemoryMap&& other) noexcept;
  MemoryMap& operator=(MemoryMap&& other) noexcept;
  ~MemoryMap();

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace npuwhisper::emu
