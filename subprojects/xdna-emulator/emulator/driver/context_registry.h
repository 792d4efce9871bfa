// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <type_traits>

#include <npuwhisper/result.h>

#include "emulator/driver/memory_map.h"

namespace npuwhisper::emu {

/// A hardware context as other processes see it.
struct ContextRecord {
  std::int64_t pid = 0;  ///< Process that owns the context; 0 if the record is free.
  std::uint32_t id = 0;  ///< Id of the context within its client.
  std::uint32_t client = 0;
  std::uint32_t start_column = 0;
  std::uint32_t n_columns = 0;
  std::uint32_t gops = 0, fps = 0, dma_bandwidth = 0, latency = 0, frame_time = 0, priority = 0;
  std::uint64_t n_submitted = 0;
  std::uint64_t n_completed = 0;
  std::uint64_t n_errors = 0;
};

/// An open device file.
struct ClientRecord {
  std::int64_t pid = 0;  ///< Process that opened the file; 0 if the record is free.
  std::uint64_t total_bytes = 0;
  std::uint64_t internal_bytes = 0;
  std::uint64_t heap_bytes = 0;
};

/// The state of the emulated device, shared by all processes that use the device: contexts, memory
/// use, power mode. The state is a file in the device tree. Each access first clears the records of
/// processes that have died. Thread-safe, and safe between processes.
class ContextRegistry {
 public:
  static constexpr std::size_t kMaxContexts = 64;
  static constexpr std::size_t kMaxClients = 64;

  struct Shared {
    std::uint32_t power_mode;
    ClientRecord clients[kMaxClients];
    ContextRecord contexts[kMaxContexts];
  };
  static_assert(std::is_trivially_copyable_v<Shared>);

  /// Opens the state file, which npuwhisper-emulate has created empty. Extends the file with zeros
  /// to the size of the state. Errors: Unavailable.
  static Result<ContextRegistry> open(const std::string& path);

  ContextRegistry(ContextRegistry&& other) noexcept;
  ~ContextRegistry();

  /// Calls action(Shared&) while holding the lock that all processes share.
  void with(const std::function<void(Shared&)>& action);

 private:
  ContextRegistry(int fd, MemoryMap map) : fd_(fd), map_(std::move(map)) {}

  std::mutex mutex_;  ///< Excludes other threads. The file's lock excludes other processes.
  int fd_;
  MemoryMap map_;
};

}  // namespace npuwhisper::emu
