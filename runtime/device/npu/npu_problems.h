// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "device/npu/system_files.h"

namespace npuwhisper::npu_device {

/// A reason why the computer's NPU cannot be used.
struct NpuProblem {
  std::string found;   ///< The problem, such as "the NPU ... has no driver".
  std::string remedy;  ///< An action that fixes the problem.
};

/// Returns the possible reasons why XRT finds no NPU that npuwhisper supports: no NPU, an NPU of an
/// unsupported generation, no driver, a device file that is missing or that this user may not open,
/// no IOMMU, too little lockable memory. Returns none if no such reason is found. Reentrant.
std::vector<NpuProblem> problems_of_finding(const SystemFiles& files);

/// Memory that AMD's user-mode driver maps and locks for a process's first context. With less
/// lockable memory, the mapping fails ("mmap(..., len=67108864, ...) failed (err=-11)"), and XRT
/// may report no device at all (Xilinx/XRT pull request 9132).
inline constexpr std::uint64_t kNpuHeapBytes = std::uint64_t{64} << 20;

/// Returns the reasons why an NPU that XRT has found may refuse a context or a buffer. `bytes`:
/// memory that the process must be able to lock. The other reasons are processes that use the NPU
/// (the driver has 6 contexts for npu1, and 16 for npu2), a failed resume, and an IOMMU that passes
/// addresses through, which amdxdna can use only since amd/xdna-driver pull request 1445.
/// Reentrant.
std::vector<NpuProblem> problems_of_use(const SystemFiles& files,
                                        std::uint64_t bytes = kNpuHeapBytes);

/// Returns the problems as the end of an error message: "; FOUND (REMEDY); FOUND (REMEDY)". Returns
/// an empty text if there are no problems.
std::string describe(const std::vector<NpuProblem>& problems);

}  // namespace npuwhisper::npu_device
