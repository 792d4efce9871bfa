// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "emulator/driver/buffer.h"
#include "emulator/npu.h"

namespace npuwhisper::emu {

/// The buffers of one client (an open device file), by handle. Thread-safe.
class BufferTable {
 public:
  /// Functions that can fail return 0 or an errno value.
  int create_shared(Buffer::Type type, std::uint64_t bytes, std::uint32_t& handle);
  int create_user(std::span<std::byte> pages, std::uint32_t& handle);
  int create_heap(std::uint64_t bytes, std::uint32_t& handle);
  int create_device(std::uint64_t bytes, std::uint32_t& handle);
  /// In the heap, for the driver itself: without a handle.
  int create_internal(std::uint64_t bytes, std::shared_ptr<Buffer>& buffer);
  int close(std::uint32_t handle);

  /// The buffer's handle; a new one, if it has none here.
  std::uint32_t handle_of(const std::shared_ptr<Buffer>& buffer);
  /// nullptr: there is none.
  std::shared_ptr<Buffer> find(std::uint32_t handle) const;
  /// Which buffer lies at an offset of the device file, and where in it.
  std::shared_ptr<Buffer> find_map_offset(std::uint64_t offset, std::uint64_t& within) const;
  /// Buffer::kNoAddress, if it cannot be mapped.
  std::uint64_t map_offset(std::uint32_t handle) const;
  /// The live buffer that holds a device address.
  std::shared_ptr<Buffer> find_device_address(std::uint64_t address) const;

  bool has_heap() const;
  struct Usage {
    std::uint64_t total = 0;     ///< Bytes, the heap's included.
    std::uint64_t internal = 0;  ///< Of those, the heap's and command buffers'.
    std::uint64_t heap = 0;      ///< Taken from the heap.
  };
  Usage usage() const;

 private:
  struct Entry {
    std::shared_ptr<Buffer> buffer;
    std::uint64_t map_offset;
  };

  std::uint32_t insert(std::shared_ptr<Buffer> buffer);  ///< Under the lock.

  mutable std::mutex mutex_;  ///< Guards all that follows.
  std::map<std::uint32_t, Entry> entries_;
  std::shared_ptr<Buffer> heap_;
  std::uint32_t next_handle_ = 1;
  std::uint64_t next_map_offset_ = std::uint64_t{1} << 32;
};

/// A client's buffers as a run reaches them. Keeps what it has handed out, so that a buffer that
/// the program frees meanwhile stays until the run ends. One run, one thread.
class RunMemory final : public DeviceMemory {
 public:
  /// `host_offset`: what the run's addresses have been increased by.
  explicit RunMemory(const BufferTable& table, std::uint64_t host_offset = 0)
      : table_(table), host_offset_(host_offset) {}
  std::span<std::byte> at(std::uint64_t address, std::size_t bytes) override;

 private:
  const BufferTable& table_;
  std::uint64_t host_offset_;
  std::vector<std::shared_ptr<Buffer>> used_;
};

}  // namespace npuwhisper::emu
