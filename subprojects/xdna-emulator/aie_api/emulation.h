// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

/// The interface between a natively compiled kernel object and the emulated core that runs it. Each
/// object has its own state, `npuwhisper_core_state` (defined in emulation.cpp, which is linked
/// into every kernel object). The core finds the state by its name, fills in the hooks, and reads
/// the counters after each call. Every core loads its own copy of the object, so that each core has
/// its own static variables.
struct NpuWhisperCoreState {
  /// Stops the kernel. Does not return: it throws an exception through the kernel's frames, which
  /// hold nothing that needs a destructor. Set by the core. If this hook is null, a trap prints its
  /// message and aborts.
  void (*trap)(void* core, const char* message) = nullptr;
  /// Checks a load or store outside of the windows `memory`, `stack` and `neighbour` and outside of
  /// the object. Traps if the core cannot reach that memory. Set by the core. If this hook is null,
  /// as in unit tests, all accesses are allowed.
  void (*check_access)(void* core, const void* address, std::size_t bytes, bool is_write) = nullptr;
  void* core = nullptr;
  /// Hooks for kernels that use the cascade or streams directly. A stream hook transfers one word
  /// per call. The hooks block until the transfer is done. Set by a core that can wait inside a
  /// kernel. If the hooks are null, a kernel that needs them traps.
  void (*put_cascade)(void* core, const void* value, std::size_t bytes) = nullptr;
  void (*get_cascade)(void* core, void* value, std::size_t bytes) = nullptr;
  void (*put_stream)(void* core, int port, std::uint32_t word, bool last) = nullptr;
  std::uint32_t (*get_stream)(void* core, int port) = nullptr;

  /// A range of host addresses [begin, end) that the kernel may access without a call of
  /// check_access. Three members hold such ranges: `memory` (the core's own memory), `stack` (the
  /// host stack that the kernel runs on) and `neighbour` (a neighbour's memory). If `memory` is not
  /// set, every vector access costs a function call. The object's own variables are always allowed.
  struct Window {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
  };
  Window memory{};
  Window stack{};
  Window neighbour{};

  /// Control registers. The initial values are those after a reset: aie::rounding_mode::floor and
  /// aie::saturation_mode::none. The registers belong to the core, not to the object: a core that
  /// runs several objects must copy the registers from one object to the next.
  std::uint32_t rounding = 0;
  std::uint32_t saturation = 0;

  std::uint64_t cycles = 0;   ///< Result of tile::cycles(); set by the core before a call.
  std::uint32_t core_id = 0;  ///< Result of get_coreid(): column << 16 | row.
  /// Native load width of the core in bytes: 32 (AIE2) or 64 (AIE2P). Set by the core. Accesses
  /// that only the compiler's instrumentation sees are counted in this unit.
  std::uint32_t load_bytes = 32;

  // Multiply-accumulates of matrix products (mmul), by the type that the multiplier processes.
  std::uint64_t macs_8x8 = 0;  ///< int8 x int8
  std::uint64_t macs_16x8 = 0;
  /// int16 x int16; products of wider operands count once for each pair of 16-bit halves.
  std::uint64_t macs_16x16 = 0;
  std::uint64_t macs_bf16 = 0;           ///< bf16 x bf16, without conversion to blocks.
  std::uint64_t macs_bf16_by_bfp16 = 0;  ///< bf16 converted to blocks (AIE2P).
  std::uint64_t macs_bfp16 = 0;          ///< Block floating point (AIE2P).
  std::uint64_t macs_float = 0;
  /// Other vector operations, including lane-by-lane products, in native instructions.
  std::uint64_t vector_ops = 0;
  std::uint64_t loads = 0;  ///< Vector loads, in native load widths.
  std::uint64_t stores = 0;
  std::uint64_t scalar_ops = 0;  ///< Scalar loads and stores that the compiler instruments.
};

extern "C" NpuWhisperCoreState npuwhisper_core_state;
