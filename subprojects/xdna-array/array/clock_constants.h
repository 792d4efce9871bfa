// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "array/array_model.h"

namespace npuwhisper::npu {

/// Array clock cycles since the image was loaded. Cores, DMA and streams share one clock.
using Cycles = std::uint64_t;

// All constants of the emulated clock and of the planner's predictions, with their sources. The
// clock and the predictions use no other timing, and no constant is specific to an operation. A
// mark gives the kind of source: [S] is a manual or source text, [M] is a measurement on silicon
// by the named source, and [A] is an assumption. The named sources are AM020 (AIE-ML architecture
// manual), DRV (amdxdna's clock tables), NPE (NpuEmbeddings), GRA (granite GEMV notes), DRA
// (npu-whisper), G (arXiv 2512.13282), ATB (mlir-aie, asymmetric tile buffering), MAE (mlir-aie,
// pull request 3650), IGN (ignite-xdna), CAS (bitnet-xdna2-strix-halo), AIR (mlir-air), ATA
// (xdna-engine) and EMU (xdna-emu).

/// The measurements that a clock rests on.
enum class Basis : std::uint8_t {
  OpenKernels,    ///< Kernels that others have measured, built with the open compiler (Peano).
  BestPublished,  ///< The best rates published for whole designs; operations overlap fully.
};

/// Rate of one core for one type: n multiply-accumulates take n / (peak * efficiency) cycles.
struct MacRate {
  double peak;        ///< Multiply-accumulates per cycle and core that the instruction set allows.
  double efficiency;  ///< Best efficiency of the measurements that the clock rests on.
};

/// Constants that differ between the array generations and between the bases.
struct ArrayClock {
  double hertz;                  ///< Clock rate at the highest performance level. [S] DRV
  double host_bytes_per_second;  ///< Host memory bandwidth of all shims together.
  MacRate int8;
  MacRate int16x8;
  MacRate int16;
  MacRate bf16;
  MacRate bf16_by_bfp16;  ///< bf16 operands, converted to blocks during the multiplication.
  MacRate bfp16;          ///< Operands stored as blocks.
  MacRate f32;
  /// Cycles of a vector operation outside of matrix products. 1: operations are pipelined
  /// perfectly. More: they wait for each other's results.
  double vector_op_cycles;
  /// Whether a call's vector operations are issued in the cycles of its matrix products.
  bool overlaps;
};

/// Cycles of a vector operation in code that Peano compiled. [A] from these measurements: AIR's
/// passes over vectors of 32 lanes take 17 to 27 cycles each, because they wait for results
/// (mlir-air's pull request 2006); NPE's chains run 6 to 8 times as long as their issue slots take,
/// or 4 to 5 times if four chains are interleaved by hand.
inline constexpr double kDependentOpCycles = 6;

/// npu1: 16 cores at 1.6 GHz. Whole-array peaks: int8 13.1 TOPS, bf16 6.55 TFLOPS. G's clock is not
/// known; its rates are taken as shares of these peaks. Phoenix was seen at 1.03 GHz (EMU, a
/// laptop) and at 1.8 GHz (IGN, a desktop).
inline constexpr ArrayClock kAie2Published{
    .hertz = 1.6e9,
    .host_bytes_per_second = 56.2e9,  // [M] IGN: copying on four columns, both directions
    .int8 = {.peak = 256, .efficiency = 6.76 / 13.1},     // [M] G
    .int16x8 = {.peak = 128, .efficiency = 6.76 / 13.1},  // [A] same efficiency as int8
    .int16 = {.peak = 64, .efficiency = 6.76 / 13.1},     // [A] same efficiency as int8
    .bf16 = {.peak = 128, .efficiency = 3.14 / 6.55},     // [M] G
    // AIE2 has no block floating point, so these rates are the rates of bf16.
    .bf16_by_bfp16 = {.peak = 128, .efficiency = 3.14 / 6.55},
    .bfp16 = {.peak = 128, .efficiency = 3.14 / 6.55},
    // [S] aie_api splits a float into three bf16 and multiplies the nine pairs.
    .f32 = {.peak = 128.0 / 9, .efficiency = 3.14 / 6.55},
    .vector_op_cycles = 1,  // [A]
    .overlaps = true,       // [A]
};
inline constexpr ArrayClock kAie2Open{
    .hertz = 1.6e9,
    .host_bytes_per_second = 38.9e9,                     // [M] IGN: group norm, both directions
    .int8 = {.peak = 256, .efficiency = 80.0 / 256},     // [M] IGN
    .int16x8 = {.peak = 128, .efficiency = 80.0 / 256},  // [A] same efficiency as int8
    .int16 = {.peak = 64, .efficiency = 80.0 / 256},     // [A] same efficiency as int8
    .bf16 = {.peak = 128, .efficiency = 46.9 / 128},     // [M] IGN
    .bf16_by_bfp16 = {.peak = 128, .efficiency = 46.9 / 128},
    .bfp16 = {.peak = 128, .efficiency = 46.9 / 128},
    .f32 = {.peak = 128.0 / 9, .efficiency = 46.9 / 128},
    .vector_op_cycles = kDependentOpCycles,
    .overlaps = false,  // [A] products and other loops follow each other
};

/// npu2: 32 cores at 1.8 GHz. Whole-array peaks: int8 59 TOPS, bfp16 59 TFLOPS.
inline constexpr ArrayClock kAie2pPublished{
    .hertz = 1.8e9,
    .host_bytes_per_second = 57e9,                       // [M] ATA, in a product
    .int8 = {.peak = 512, .efficiency = 38.05 / 59},     // [M] G
    .int16x8 = {.peak = 256, .efficiency = 38.05 / 59},  // [A] same efficiency as int8
    .int16 = {.peak = 128, .efficiency = 38.05 / 59},    // [A] same efficiency as int8
    // Products of plain bf16 are computed element-wise. [M] NPE: one call of a kernel, traced.
    .bf16 = {.peak = 64, .efficiency = 28.9 / 64},
    // [M] G measured bf16 operands and results in memory, as in this project's kernels. The rate
    // includes the conversion. (ATB's 27.3 TFLOPS are for weights stored as blocks.)
    .bf16_by_bfp16 = {.peak = 512, .efficiency = 14.71 / 59},
    .bfp16 = {.peak = 512, .efficiency = 31.6 / 59},  // [M] ATB, on Krackan in turbo mode
    .f32 = {.peak = 64.0 / 9, .efficiency = 28.9 / 64},
    .vector_op_cycles = 1,  // [A]
    .overlaps = true,       // [A]
};
inline constexpr ArrayClock kAie2pOpen{
    .hertz = 1.8e9,
    .host_bytes_per_second = 45.5e9,                            // [M] NPE, traced in a product
    .int8 = {.peak = 512, .efficiency = 120.0 / 512},           // [M] CAS
    .int16x8 = {.peak = 256, .efficiency = 120.0 / 512},        // [A] same efficiency as int8
    .int16 = {.peak = 128, .efficiency = 120.0 / 512},          // [A] same efficiency as int8
    .bf16 = {.peak = 64, .efficiency = 24.9 / 64},              // [M] NPE, in its encoder
    .bf16_by_bfp16 = {.peak = 512, .efficiency = 118.5 / 512},  // [M] NPE, while a design computes
    .bfp16 = {.peak = 512, .efficiency = 24.0 / 59},            // [M] MAE: 24 to 32.5 TFLOPS
    .f32 = {.peak = 64.0 / 9, .efficiency = 24.9 / 64},
    .vector_op_cycles = kDependentOpCycles,
    .overlaps = false,  // [A] products and other loops follow each other
};

constexpr const ArrayClock& clock_of(Generation generation, Basis basis) {
  const bool open = basis == Basis::OpenKernels;
  if (generation == Generation::Aie2) return open ? kAie2Open : kAie2Published;
  return open ? kAie2pOpen : kAie2pPublished;
}

// The constants below describe commands.

/// Time from submission to the first instruction plus time from the last instruction to completion.
/// [M] NPE: 150 us for XDNA2. On npu1, a product of 512^3 in bf16 takes 0.267 ms. After subtraction
/// of the product's own time, the remaining time is within 20 % of this constant.
inline constexpr double kDispatchSeconds = 150e-6;
/// Time for one operation of an instruction stream, and for each register word that the operation
/// writes. A masked write also reads, which takes as long as a write. [M] EMU, on Phoenix: 100.5
/// cycles for a register, about 210 for a masked write and 203 for a block of 8, at 1.03 GHz. [M]
/// IGN: 145 ns for the average operation of whole streams.
inline constexpr double kInstructionSeconds = 85e-9;
inline constexpr double kRegisterWordSeconds = 13e-9;
/// Interval at which the controller rereads a polled register. [A]
inline constexpr Cycles kPollCycles = 200;

// The constants below describe configurations.

/// Time to load another configuration. [M] DRA on npu1: 2.81 ms for a switch to a second context
/// and back. [M] NPE on npu2: 25 us, plus 7.2 us for each of the design's locks.
inline constexpr double kAie2ConfigurationSeconds = 2.81e-3 / 2;
inline constexpr double kAie2pConfigurationSeconds = 25e-6;
inline constexpr double kAie2pLockSeconds = 7.2e-6;

// The constants below describe DMA and streams.

/// 32-bit words that a channel or a stream moves per cycle. [S] AM020
inline constexpr Cycles kWordsPerCycle = 1;
/// Cycles for a channel to read a descriptor and set up its addresses. [A] from AM020's pipeline.
/// The number is small, because the next descriptor is prefetched.
inline constexpr Cycles kDescriptorCycles = 4;
/// Latency of a task's first access to host memory: a round trip over the NoC to DRAM. [A] about
/// 0.3 us; later bursts overlap.
inline constexpr double kHostLatencySeconds = 0.3e-6;
/// Latency of one switch in a stream's path: two ports of two cycles each. [S] AM020, stream switch
/// buffering and latency.
inline constexpr Cycles kSwitchCycles = 4;
/// Words that a stream buffers before its receiver takes them. [M] mlir-aie, docs/DeadlockModel.md:
/// eight words for packets from a shim to a core's channel on npu2, on paths with three and with
/// six switches. [A] Other endpoints and npu1 buffer as many words.
inline constexpr std::size_t kStreamWords = 8;
/// Cycles to decode a packet's header and acquire its arbiter. [A]
inline constexpr Cycles kPacketCycles = 1;
/// The cascade between two cores buffers kCascadeValues values, two on each side. A value has
/// kCascadeWords 32-bit words (512 bits). [S] AM020
inline constexpr std::size_t kCascadeWords = 16;
inline constexpr std::size_t kCascadeValues = 4;

// The constants below describe cores.

/// Cycles of a lock request. The lock answers within the cycle, and the core continues when the
/// answer has passed the core's pipeline. [A] from AM020: one request per cycle, load latency of
/// five cycles.
inline constexpr Cycles kLockCycles = 5;
/// Cycles of a scalar instruction in a core's own program. [S] AM020: one instruction word per
/// cycle. [A] Loads, branches and multiplications overlap in a compiled loop.
inline constexpr Cycles kScalarCycles = 1;
/// Cycles to call a kernel and return: branches with delay slots, saved registers, loop set-up and
/// pipeline fill. [A]
inline constexpr Cycles kCallCycles = 40;
/// Issue slots of a core's instruction word. [S] AM020: two loads, one store, one product, one
/// other vector operation, one scalar operation.
inline constexpr double kLoadsPerCycle = 2;
inline constexpr double kStoresPerCycle = 1;
inline constexpr double kVectorOpsPerCycle = 1;
inline constexpr double kScalarOpsPerCycle = 1;

}  // namespace npuwhisper::npu
