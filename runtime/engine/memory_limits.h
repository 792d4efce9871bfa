// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace npuwhisper {

/// An amount of memory and its origin.
struct MemoryLimit {
  std::uint64_t bytes = 0;
  /// A noun phrase: "the memory of this machine", "the limit in /sys/fs/cgroup/x/memory.max".
  std::string source;
};

/// The memory that this process may use. nullopt: no limit is known.
struct MemoryLimits {
  /// The smallest limit: the memory that the process can have if no other process uses any.
  std::optional<MemoryLimit> possible;
  /// The smallest amount that is free now, without swapping. Other processes may change it.
  std::optional<MemoryLimit> available;
};

/// The limits of setrlimit(2) in bytes. nullopt: unlimited.
struct ResourceLimits {
  std::optional<std::uint64_t> address_space;  ///< RLIMIT_AS, ulimit -v.
  std::optional<std::uint64_t> data;           ///< RLIMIT_DATA, ulimit -d.
};

/// Returns the limits of this process.
ResourceLimits read_resource_limits();

/// Reads the memory of the machine and the limits of this process's cgroups, of version 1 and 2,
/// including all parent groups. The memory that the process has already mapped is subtracted from
/// each resource limit. Swap does not count. Ignores files that are missing or have no valid
/// number, and cgroup limits of 0. `root`: the folder with proc/ and sys/, "/" except in tests.
MemoryLimits read_memory_limits(const std::filesystem::path& root, const ResourceLimits& limits);

}  // namespace npuwhisper
