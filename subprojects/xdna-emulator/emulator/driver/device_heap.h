// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

namespace npuwhisper::emu {

/// Allocates device addresses of a client's heap, the memory from which the NPU's firmware reads
/// images and instruction streams. Thread-safe.
class DeviceHeap {
 public:
  // The constants below have the same values as in xdna-driver.
  /// Device address at which the heap begins.
  static constexpr std::uint64_t kBase = 0x4000000;
  /// A heap's size is a multiple of this number of bytes.
  static constexpr std::uint64_t kUnit = std::uint64_t{64} << 20;
  /// Alignment of the heap's buffers, in bytes.
  static constexpr std::uint64_t kAlignment = 32 << 10;

  explicit DeviceHeap(std::uint64_t bytes) : bytes_(bytes) { free_[0] = bytes; }

  /// Allocates from the smallest gap that fits. Returns an offset into the heap; nothing if no gap
  /// fits.
  std::optional<std::uint64_t> allocate(std::uint64_t bytes);
  void release(std::uint64_t offset, std::uint64_t bytes);

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t used() const;

 private:
  const std::uint64_t bytes_;
  mutable std::mutex mutex_;  ///< Guards the members below.
  /// Size of each gap, by its offset. Adjacent gaps are merged.
  std::map<std::uint64_t, std::uint64_t> free_;
  std::uint64_t used_ = 0;
};

}  // namespace npuwhisper::emu
