// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/memory_map.h"

#include <sys/mman.h>

#include <utility>

namespace npuwhisper::emu {

MemoryMap::MemoryMap(std::size_t bytes, int fd) {
  const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
  void* begin = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (begin != MAP_FAILED) bytes_ = {static_cast<std::byte*>(begin), bytes};
}

MemoryMap::MemoryMap(MemoryMap&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MemoryMap& MemoryMap::operator=(MemoryMap&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MemoryMap::~MemoryMap() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

}  // namespace npuwhisper::emu
