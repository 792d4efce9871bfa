// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace npuwhisper {

/// The memory that a graph takes once it is prepared on a device, in bytes. While weights are
/// packed, at most a part of one matrix is in memory twice. This temporary memory is not counted,
/// because it is smaller than the buffers of a stream, which are allocated later.
struct GraphMemory {
  std::uint64_t weight_bytes = 0;   ///< Value of Plan::weight_bytes.
  std::uint64_t working_bytes = 0;  ///< Value of Plan::working_bytes.
  /// Size of a buffer of Executable::allocate() for each input of the graph, then for each output,
  /// with the graph's number of rows.
  std::vector<std::uint64_t> buffer_bytes;
};

}  // namespace npuwhisper
