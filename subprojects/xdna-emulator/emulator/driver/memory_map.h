// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

namespace npuwhisper::emu {

/// A memory mapping of whole pages. Maps a file from its beginning, or anonymous memory that is
/// initially zero.
class MemoryMap {
 public:
  MemoryMap() = default;
  /// Maps `bytes` bytes of the file `fd`, or of anonymous memory if `fd` is -1. The mapping is
  /// empty if mmap() fails.
  MemoryMap(std::size_t bytes, int fd);
  MemoryMap(MemoryMap&& other) noexcept;
  MemoryMap& operator=(MemoryMap&& other) noexcept;
  ~MemoryMap();

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace npuwhisper::emu
