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
  // Functions that can fail return 0 or an errno value.
  int create_shared(Buffer::Type type, std::uint64_t bytes, std::uint32_t& handle);
  int create_user(std::span<std::byte> pages, std::uint32_t& handle);
  int create_heap(std::uint64_t bytes, std::uint32_t& handle);
  int create_device(std::uint64_t bytes, std::uint32_t& handle);
  /// Creates a buffer in the heap for the driver's own use. The buffer has no handle.
  int create_internal(std::uint64_t bytes, std::shared_ptr<Buffer>& buffer);
  int close(std::uint32_t handle);

  /// Returns the buffer's handle. Creates a handle if the buffer is not in this table.
  std::uint32_t handle_of(const std::shared_ptr<Buffer>& buffer);
  /// Returns nullptr if no buffer has the handle.
  std::shared_ptr<Buffer> find(std::uint32_t handle) const;
  /// Returns the buffer that the device file has at `offset`, and sets `within` to the offset
  /// inside the buffer. Returns nullptr if no buffer covers `offset`.
  std::shared_ptr<Buffer> find_map_offset(std::uint64_t offset, std::uint64_t& within) const;
  /// Returns the buffer's offset in the device file. Returns Buffer::kNoAddress if the buffer
  /// cannot be mapped or does not exist.
  std::uint64_t map_offset(std::uint32_t handle) const;
  /// Returns the newest buffer that contains a device address, or nullptr if no buffer contains the
  /// address. Ignores the heap itself.
  std::shared_ptr<Buffer> find_device_address(std::uint64_t address) const;

  bool has_heap() const;
  struct Usage {
    std::uint64_t total = 0;     ///< Bytes of all buffers, including the heap.
    std::uint64_t internal = 0;  ///< Bytes of the heap and of command buffers.
    std::uint64_t heap = 0;      ///< Bytes allocated from the heap.
  };
  Usage usage() const;

 private:
  struct Entry {
    std::shared_ptr<Buffer> buffer;
    std::uint64_t map_offset;
  };

  std::uint32_t insert(std::shared_ptr<Buffer> buffer);  ///< The caller must hold mutex_.

  mutable std::mutex mutex_;  ///< Guards the members below.
  std::map<std::uint32_t, Entry> entries_;
  std::shared_ptr<Buffer> heap_;
  std::uint32_t next_handle_ = 1;
  std::uint64_t next_map_offset_ = std::uint64_t{1} << 32;
};

/// Finds a client's buffers for one run. A buffer that the run has accessed stays valid until the
/// run ends, even if the program closes the buffer earlier. Each run has an instance of its own,
/// used by one thread.
class RunMemory final : public DeviceMemory {
 public:
  /// Subtracts `host_offset` from every address, because the run's addresses include that offset.
  explicit RunMemory(const BufferTable& table, std::uint64_t host_offset = 0)
      : table_(table), host_offset_(host_offset) {}
  std::span<std::byte> at(std::uint64_t address, std::size_t bytes) override;

 private:
  const BufferTable& table_;
  std::uint64_t host_offset_;
  std::vector<std::shared_ptr<Buffer>> used_;
};

}  // namespace npuwhisper::emu
