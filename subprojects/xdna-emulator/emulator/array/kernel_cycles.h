// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "aie_api/emulation.h"
#include "array/clock_constants.h"
#include "emulator/array/cycles.h"

namespace npuwhisper::emu {

/// Returns the number of multiply-accumulates of all types that a kernel has counted.
std::uint64_t multiply_accumulates(const NpuWhisperCoreState& state);

/// Returns the cycles of a kernel's call, computed from the counters in the kernel's state. A core
/// issues operations of several kinds in the same cycle: loads, a store, multiplications, other
/// vector operations and scalar operations. The result is therefore the maximum over the kinds,
/// plus the cycles of the call itself. Matrix products and other vector operations are one kind:
/// their cycles are added or, if the clock lets them overlap, the larger number counts. A vector
/// operation takes ArrayClock::vector_op_cycles. Multiply-accumulates run at their type's peak rate
/// times the efficiency in the clock. The efficiency accounts for costs that the maximum ignores.
Cycles kernel_cycles(const NpuWhisperCoreState& state, const npu::ArrayClock& clock);

/// Sets the counters to zero.
void clear_counters(NpuWhisperCoreState& state);

}  // namespace npuwhisper::emu
