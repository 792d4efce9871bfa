// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "array/buffer_descriptor.h"
#include "emulator/lower/plan.h"

namespace npuwhisper::emu::lowering {

/// Sets a descriptor's dimensions as mlir-aie's runtime sequences do. `dims` has four dimensions,
/// innermost first, in elements. The first three are the walk, the last one is the iteration. An
/// iteration of stride 0 is a mere repeat, which the task's repeat count does. A shim's transfer
/// without gaps stays linear. Returns the number of words that the first three transfer. Messages
/// begin with `what`. Throws Refusal.
std::uint64_t set_sequence_dims(int line, const std::string& what, const npu::TileLimits& limits,
                                bool shim, const std::vector<BlockDim>& dims, int element_bytes,
                                npu::BufferDescriptor& descriptor);

}  // namespace npuwhisper::emu::lowering
