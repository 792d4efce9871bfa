// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "aie_api/emulation.h"
#include "array/clock_constants.h"
#include "emulator/array/cycles.h"

namespace npuwhisper::emu {

/// Multiply-accumulates that a kernel has counted, of all types.
std::uint64_t multiply_accumulates(const NpuWhisperCoreState& state);

/// Cycles of a kernel's call, from what its state has counted. A core issues several operations in
/// a cycle (loads, store, multiplier, other vector operations, scalars), so the busiest kind bounds
/// the time: the largest counts, not the sum. Multiply-accumulates run at their type's peak times
/// the best efficiency published for it, which covers what a bound of this kind leaves out.
Cycles kernel_cycles(const NpuWhisperCoreState& state, const npu::ArrayClock& clock);

/// Sets the counters to zero.
void clear_counters(NpuWhisperCoreState& state);

}  // namespace npuwhisper::emu
