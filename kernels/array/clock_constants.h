// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "array/array_model.h"

namespace npuwhisper::npu {

/// Array clock cycles since the image was loaded. Cores, DMA and streams share one clock.
using Cycles = std::uint64_t;

/// Every constant of the emulated clock and of the planner's predictions, with its source; nothing
/// else in either knows a time, and none belongs to an operation. Marks: [S] a manual or source
/// text, [M] measured on silicon by the party named, [A] our assumption. Parties: AM020 (AIE-ML
/// architecture manual), DRV (amdxdna's clock tables), NPE (NpuEmbeddings), GRA (granite GEMV
/// notes), DRA (npu-whisper), G (arXiv 2512.13282), ATB (mlir-aie, asymmetric tile buffering), BFP
/// (mlir-aie, block datatypes).

/// Cycles of one core for multiply-accumulates of one type: n / (peak * efficiency).
struct MacRate {
  double peak;        ///< Multiply-accumulates a cycle and core, as the instruction set allows.
  double efficiency;  ///< The best whole-design figure published for the type; never more.
};

/// What differs from one array generation to the other.
struct ArrayClock {
  double hertz;                  ///< [S] DRV: the highest performance level.
  double host_bytes_per_second;  ///< All shims together.
  MacRate int8;
  MacRate int16x8;
  MacRate int16;
  MacRate bf16;
  MacRate bf16_by_bfp16;  ///< bf16 operands, converted to blocks where they are multiplied.
  MacRate bfp16;          ///< Operands that come as blocks.
  MacRate f32;
};

/// npu1: 16 cores at 1.6 GHz. Whole-array peaks: int8 13.1 TOPS, bf16 6.55 TFLOPS.
inline constexpr ArrayClock kAie2Clock{
    .hertz = 1.6e9,
    .host_bytes_per_second = 20e9,  // [A] of the 15 to 20 GB/s that Phoenix gives
    .int8 = {.peak = 256, .efficiency = 6.76 / 13.1},     // [M] G
    .int16x8 = {.peak = 128, .efficiency = 6.76 / 13.1},  // [A] as int8
    .int16 = {.peak = 64, .efficiency = 6.76 / 13.1},     // [A] as int8
    .bf16 = {.peak = 128, .efficiency = 3.14 / 6.55},     // [M] G
    // AIE2 has no block floating point: as bf16.
    .bf16_by_bfp16 = {.peak = 128, .efficiency = 3.14 / 6.55},
    .bfp16 = {.peak = 128, .efficiency = 3.14 / 6.55},
    // [S] aie_api splits a float into three bf16 and multiplies the nine pairs.
    .f32 = {.peak = 128.0 / 9, .efficiency = 3.14 / 6.55},
};

/// npu2: 32 cores at 1.8 GHz. Whole-array peaks: int8 and bfp16 59 T.
inline constexpr ArrayClock kAie2pClock{
    .hertz = 1.8e9,
    .host_bytes_per_second = 42.7e9,                     // [M] GRA: 32 cores through memory tiles
    .int8 = {.peak = 512, .efficiency = 38.05 / 59},     // [M] G
    .int16x8 = {.peak = 256, .efficiency = 38.05 / 59},  // [A] as int8
    .int16 = {.peak = 128, .efficiency = 38.05 / 59},    // [A] as int8
    // [M] BFP: 1.6 TFLOPS for products of plain bf16, of 64 a cycle, core and element-wise.
    .bf16 = {.peak = 64, .efficiency = 1.6 / 7.37},
    // [M] G: operands and results of bf16 in memory, as our kernels have them; the conversion is in
    // the rate. (ATB's 27.3 TFLOPS are for weights that come as blocks.)
    .bf16_by_bfp16 = {.peak = 512, .efficiency = 14.71 / 59},
    .bfp16 = {.peak = 512, .efficiency = 31.6 / 59},  // [M] ATB, Krackan, turbo
    .f32 = {.peak = 64.0 / 9, .efficiency = 1.6 / 7.37},
};

constexpr const ArrayClock& clock_of(Generation generation) {
  return generation == Generation::Aie2 ? kAie2Clock : kAie2pClock;
}

// ---- Commands ----

/// From submission to the first instruction, and from the last to completion, together. [M] NPE:
/// 150 us for XDNA2; on npu1 0.267 ms less the product for 512^3 in bf16 gives the same within
/// 20 %.
inline constexpr double kDispatchSeconds = 150e-6;
/// One operation of an instruction stream, and each register word that it writes. [A]: the
/// controller is a small processor on the array's configuration bus.
inline constexpr double kInstructionSeconds = 50e-9;
inline constexpr double kRegisterWordSeconds = 5e-9;
/// How long the controller waits before it looks at a polled register again. [A]
inline constexpr Cycles kPollCycles = 200;

// ---- Configurations ----

/// The array is given another configuration. [M] DRA on npu1: 2.81 ms for two contexts in turn,
/// there and back. [M] NPE on npu2: 25 us, and 7.2 us for each of the design's locks.
inline constexpr double kAie2ConfigurationSeconds = 2.81e-3 / 2;
inline constexpr double kAie2pConfigurationSeconds = 25e-6;
inline constexpr double kAie2pLockSeconds = 7.2e-6;

// ---- DMA and streams ----

/// Words of 32 bits that a channel or a stream moves in a cycle. [S] AM020
inline constexpr Cycles kWordsPerCycle = 1;
/// A channel takes up a descriptor: reads it, sets up its addresses. [A] from AM020's pipeline; the
/// next descriptor is prefetched, so this is small.
inline constexpr Cycles kDescriptorCycles = 4;
/// A task's first access to host memory: a round trip over the NoC to DRAM. [A] about 0.3 us; later
/// bursts overlap.
inline constexpr double kHostLatencySeconds = 0.3e-6;
/// A switch that a stream passes: two ports of two cycles each. [S] AM020, stream switch buffering
/// and latency.
inline constexpr Cycles kSwitchCycles = 4;
/// Words that a stream holds beyond those that its receiver has taken. [M] mlir-aie,
/// docs/DeadlockModel.md: packets from a shim to a core's channel on npu2; eight whether the path
/// has three switches or six. [A] the same for other ends, and on npu1.
inline constexpr std::size_t kStreamWords = 8;
/// A packet's header is decoded and its arbiter taken. [A]
inline constexpr Cycles kPacketCycles = 1;
/// The cascade between two cores holds four values of 512 bits: two on either side. [S] AM020
inline constexpr std::size_t kCascadeWords = 16;
inline constexpr std::size_t kCascadeValues = 4;

// ---- Cores ----

/// A lock's request is answered in the cycle, and the core goes on after its pipeline has seen it.
/// [A] from AM020: one request a cycle, load latency of five cycles.
inline constexpr Cycles kLockCycles = 5;
/// A scalar instruction of a core's own program. [S] AM020: one instruction word a cycle; loads,
/// branches and multiplications overlap in a compiled loop. [A] that they do.
inline constexpr Cycles kScalarCycles = 1;
/// Call and return of a kernel: branches with delay slots, saved registers, the set-up of loops and
/// the filling of their pipelines. [A]
inline constexpr Cycles kCallCycles = 40;
/// Issue slots of a core's instruction word. [S] AM020: two loads, one store, one vector operation
/// beside the multiplier, one scalar operation.
inline constexpr double kLoadsPerCycle = 2;
inline constexpr double kStoresPerCycle = 1;
inline constexpr double kVectorOpsPerCycle = 1;
inline constexpr double kScalarOpsPerCycle = 1;

}  // namespace npuwhisper::npu
