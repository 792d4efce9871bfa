// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "emulator/driver/device_heap.h"
#include "emulator/driver/memory_map.h"

namespace npuwhisper::emu {

/// A buffer object with separate memory for the host's view and the device's view. On silicon, both
/// views are the same memory. The processor accesses the memory through its caches, the device
/// accesses it directly, and a sync writes back or invalidates cache lines. In the emulator, a sync
/// copies between the views. On silicon, a missing sync causes errors only if the caches hold the
/// content. In the emulator, a missing sync always leaves the other view stale.
///
/// Command packets need no syncs, because the kernel driver accesses them with the processor. The
/// emulated driver therefore uses the host's view of command packets. The firmware reads the image
/// (PDI) and the instruction streams without the processor's caches, so the emulator reads them
/// from the device's view.
///
/// Thread-safe, except for the content. As on silicon, the program must prevent races on the
/// content.
class Buffer {
 public:
  enum class Type : std::uint32_t { Share = 1, Heap = 2, Device = 3, Command = 4 };
  static constexpr std::uint64_t kNoAddress = ~std::uint64_t{0};

  /// Creates a buffer over the driver's own pages (Share, Command, Heap). Returns nullptr if the
  /// pages cannot be allocated.
  static std::shared_ptr<Buffer> create(Type type, std::uint64_t bytes);
  /// Creates a buffer over the program's pages, which must outlive the buffer. Returns nullptr if
  /// memory for the device's view cannot be allocated.
  static std::shared_ptr<Buffer> create_user(std::span<std::byte> pages);
  /// Creates a buffer within a client's heap, which the program must have mapped. Returns nullptr
  /// if no gap in the heap fits.
  static std::shared_ptr<Buffer> create_device(std::shared_ptr<Buffer> heap, std::uint64_t bytes);

  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  Type type() const { return type_; }
  /// Returns the requested size. host() and device() cover whole pages.
  std::uint64_t bytes() const { return bytes_; }
  std::span<std::byte> host() const { return host_; }
  std::span<std::byte> device() const { return device_; }
  /// Descriptor of the file with the driver's pages; -1 if the buffer has none.
  int fd() const { return fd_; }

  /// Returns the buffer's address in the program. A buffer over the driver's pages has the address
  /// of its first mapping, and kNoAddress before the first mapping. A buffer over the program's
  /// pages has the address of these pages. A Device buffer lies at its offset in the heap's
  /// mapping.
  std::uint64_t user_address() const;
  void mapped_at(std::uint64_t address);
  /// Returns the buffer's device address. Heap and Device buffers have an address in the heap's
  /// window. All other buffers have their user address, because the NPU shares the process's
  /// address space.
  std::uint64_t device_address() const;

  /// Copies from the host's view to the device's view. The range must be inside the buffer.
  void sync_to_device(std::uint64_t offset, std::uint64_t bytes);
  /// Copies from the device's view to the host's view. The range must be inside the buffer.
  void sync_from_device(std::uint64_t offset, std::uint64_t bytes);

  /// Allocator of the heap; null unless this is a Heap buffer.
  DeviceHeap* heap() { return heap_.get(); }

 private:
  Buffer(Type type, std::uint64_t bytes) : type_(type), bytes_(bytes) {}

  const Type type_;
  const std::uint64_t bytes_;
  int fd_ = -1;
  MemoryMap host_map_;
  MemoryMap device_map_;
  std::span<std::byte> host_;
  std::span<std::byte> device_;
  std::atomic<std::uint64_t> user_address_ = kNoAddress;
  std::unique_ptr<DeviceHeap> heap_;
  std::shared_ptr<Buffer> parent_;  ///< Heap of a Device buffer.
  std::uint64_t heap_offset_ = 0;   ///< Offset of a Device buffer in its heap.
};

inline constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t whole_pages(std::uint64_t bytes) {
  return (bytes + kPageBytes - 1) & ~(kPageBytes - 1);
}

}  // namespace npuwhisper::emu
