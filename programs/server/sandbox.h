// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include <npuwhisper/result.h>

namespace npuwhisper::server {

/// Limits of a process that reads untrusted data.
struct SandboxLimits {
  std::uint64_t address_space_bytes = std::uint64_t{2} << 30;
  std::uint64_t file_bytes = 0;  ///< Maximum size of a file that the process writes.
  std::chrono::seconds cpu_time{120};
};

/// Makes the kernel kill this process when its parent ends. `parent` is the id of the parent when
/// it started this process. Errors: Unavailable (the parent has already ended).
Result<void> end_with_parent(pid_t parent);

/// Limits the resources of this process. Errors: Unavailable.
Result<void> limit_resources(const SandboxLimits& limits);

/// Restricts all threads of this process to system calls that use its memory, its threads and the
/// files that are open now. It cannot open files, create sockets, or start programs; such calls
/// fail with EACCES. The restriction is permanent. Errors: Unavailable.
Result<void> forbid_new_files();

}  // namespace npuwhisper::server
