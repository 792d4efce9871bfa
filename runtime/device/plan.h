// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace npuwhisper {

/// Describes where and how one operation runs.
struct PlannedOp {
  std::string name;
  std::string device;  ///< "cpu" or "npu".
  std::string how;     ///< Kernel, types and tiles, such as "panels of 64, weights i8".
  std::string reason;  ///< Why the operation runs on this device; empty if obvious.
  double flops = 0;    ///< Floating-point operations for one batch item.
};

/// Describes how an Executable runs its graph, as data that can be printed.
struct Plan {
  std::string graph;
  std::string summary;  ///< Facts about all operations together; may be empty.
  std::vector<PlannedOp> ops;
  std::uint64_t weight_bytes = 0;   ///< Packed weights that the device holds.
  std::uint64_t working_bytes = 0;  ///< Buffers allocated by prepare().

  std::string describe() const;
};

}  // namespace npuwhisper
