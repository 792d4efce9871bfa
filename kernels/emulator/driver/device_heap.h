// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

namespace npuwhisper::emu {

/// Gives out device addresses of a client's heap, the memory that the NPU's firmware reads images
/// and instruction streams from. Thread-safe.
class DeviceHeap {
 public:
  /// As in xdna-driver: the heap's place, the least it grows by, what its buffers are aligned to.
  static constexpr std::uint64_t kBase = 0x4000000;
  static constexpr std::uint64_t kUnit = std::uint64_t{64} << 20;
  static constexpr std::uint64_t kAlignment = 32 << 10;

  explicit DeviceHeap(std::uint64_t bytes) : bytes_(bytes) { free_[0] = bytes; }

  /// An offset into the heap, in the smallest gap that fits; nothing where none does.
  std::optional<std::uint64_t> allocate(std::uint64_t bytes);
  void release(std::uint64_t offset, std::uint64_t bytes);

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t used() const;

 private:
  const std::uint64_t bytes_;
  mutable std::mutex mutex_;                     ///< Guards what follows.
  std::map<std::uint64_t, std::uint64_t> free_;  ///< Offset to size; neighbours are joined.
  std::uint64_t used_ = 0;
};

}  // namespace npuwhisper::emu
