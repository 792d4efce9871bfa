// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "array/buffer_descriptor.h"
#include "emulator/lower/plan.h"

namespace npuwhisper::emu::lowering {

/// Puts four dimensions, innermost first, in elements, into a descriptor as mlir-aie's runtime
/// sequences do: the lower three are the walk, the last is the iteration (with stride 0: a mere
/// repeat, which the task's repeat count makes). Of the shim's transfers, those without a gap stay
/// linear. Returns the words that the lower three transfer. `what` begins the messages. Throws
/// Refusal.
std::uint64_t set_sequence_dims(int line, const std::string& what, const npu::TileLimits& limits,
                                bool shim, const std::vector<BlockDim>& dims, int element_bytes,
                                npu::BufferDescriptor& descriptor);

}  // namespace npuwhisper::emu::lowering
