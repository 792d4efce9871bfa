// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "emulator/driver/device_heap.h"
#include "emulator/driver/memory_map.h"

namespace npuwhisper::emu {

/// A buffer object: what the host sees of it and what the device sees, apart. On silicon both are
/// the same memory, seen through the processor's caches or past them, and a sync writes back or
/// drops cache lines; here a sync copies. So where a program forgets one, the device or the host
/// works on what was there before, always, and not only when the cache happens to hold it.
///
/// The exception is what the kernel driver itself reads and writes with the processor, coherently:
/// command packets. They are taken from, and marked in, the host's pages; nobody syncs them. The
/// image (PDI) and the instruction streams are read by the firmware, past the caches: from the
/// device's copy.
///
/// Thread-safe, but for what the bytes say: races over contents are the program's, as on silicon.
class Buffer {
 public:
  enum class Type : std::uint32_t { Share = 1, Heap = 2, Device = 3, Command = 4 };
  static constexpr std::uint64_t kNoAddress = ~std::uint64_t{0};

  /// A buffer of the driver's own pages (Share, Command, Heap). nullptr: no memory.
  static std::shared_ptr<Buffer> create(Type type, std::uint64_t bytes);
  /// Over pages of the program's; they must outlive it.
  static std::shared_ptr<Buffer> create_user(std::span<std::byte> pages);
  /// Within a client's heap, which must be mapped. nullptr: no room.
  static std::shared_ptr<Buffer> create_device(std::shared_ptr<Buffer> heap, std::uint64_t bytes);

  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  Type type() const { return type_; }
  /// As asked for; the spans below are whole pages.
  std::uint64_t bytes() const { return bytes_; }
  std::span<std::byte> host() const { return host_; }
  std::span<std::byte> device() const { return device_; }
  int fd() const { return fd_; }  ///< Of the host's pages; -1: none, it cannot be mapped.

  /// Where the program has it: of the first mapping, for buffers of the driver's pages.
  std::uint64_t user_address() const;
  void mapped_at(std::uint64_t address);
  /// Where the device finds it: Heap and Device in the heap's window, others at their user address
  /// (the NPU shares the process's address space).
  std::uint64_t device_address() const;

  /// The range must be inside.
  void sync_to_device(std::uint64_t offset, std::uint64_t bytes);
  void sync_from_device(std::uint64_t offset, std::uint64_t bytes);

  DeviceHeap* heap() { return heap_.get(); }  ///< Of a Heap buffer.

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
  std::shared_ptr<Buffer> parent_;  ///< Of a Device buffer: the heap, and its offset there.
  std::uint64_t heap_offset_ = 0;
};

inline constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t whole_pages(std::uint64_t bytes) {
  return (bytes + kPageBytes - 1) & ~(kPageBytes - 1);
}

}  // namespace npuwhisper::emu
