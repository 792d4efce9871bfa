// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "array/buffer_descriptor.h"
#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

/// Sets a descriptor's dimensions as mlir-aie's runtime sequences do. `dims` has four dimensions,
/// innermost first, in elements. The first three dimensions are the walk, the last one is the
/// iteration. Leaves the iteration unset if its stride is 0, because the task's repeat count then
/// repeats the walk. A shim's transfer without gaps stays linear. Returns the number of words that
/// one walk transfers. Messages begin with `what`. Throws Refusal.
std::uint64_t set_sequence_dims(int line, const std::string& what, const npu::TileLimits& limits,
                                bool shim, const std::vector<BlockDim>& dims, int element_bytes,
                                npu::BufferDescriptor& descriptor);

}  // namespace npuwhisper::emu::lowering
