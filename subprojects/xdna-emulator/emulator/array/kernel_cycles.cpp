// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/kernel_cycles.h"

#include <algorithm>
#include <cmath>

namespace npuwhisper::emu {
namespace {

double cycles_of(std::uint64_t n, const npu::MacRate& rate) {
  return static_cast<double>(n) / (rate.peak * rate.efficiency);
}

}  // namespace

std::uint64_t multiply_accumulates(const NpuWhisperCoreState& state) {
  return state.macs_8x8 + state.macs_16x8 + state.macs_16x16 + state.macs_bf16 +
         state.macs_bf16_by_bfp16 + state.macs_bfp16 + state.macs_float;
}

Cycles kernel_cycles(const NpuWhisperCoreState& state, const npu::ArrayClock& clock) {
  const double multiplier =
      cycles_of(state.macs_8x8, clock.int8) + cycles_of(state.macs_16x8, clock.int16x8) +
      cycles_of(state.macs_16x16, clock.int16) + cycles_of(state.macs_bf16, clock.bf16) +
      cycles_of(state.macs_bf16_by_bfp16, clock.bf16_by_bfp16) +
      cycles_of(state.macs_bfp16, clock.bfp16) + cycles_of(state.macs_float, clock.f32);
  const double vectors =
      static_cast<double>(state.vector_ops) / npu::kVectorOpsPerCycle * clock.vector_op_cycles;
  const double arithmetic = clock.overlaps ? std::max(multiplier, vectors) : multiplier + vectors;
  const double busiest =
      std::max({arithmetic, static_cast<double>(state.loads) / npu::kLoadsPerCycle,
                static_cast<double>(state.stores) / npu::kStoresPerCycle,
                static_cast<double>(state.scalar_ops) / npu::kScalarOpsPerCycle});
  return npu::kCallCycles + static_cast<Cycles>(std::ceil(busiest));
}

void clear_counters(NpuWhisperCoreState& state) {
  state.macs_8x8 = 0;
  state.macs_16x8 = 0;
  state.macs_16x16 = 0;
  state.macs_bf16 = 0;
  state.macs_bf16_by_bfp16 = 0;
  state.macs_bfp16 = 0;
  state.macs_float = 0;
  state.vector_ops = 0;
  state.loads = 0;
  state.stores = 0;
  state.scalar_ops = 0;
}

}  // namespace npuwhisper::emu
