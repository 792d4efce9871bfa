// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "aie_api/emulation.h"

/// Defines the basics of the emulation: forced inlining, traps, the check of memory accesses and
/// the counters.

#ifndef __AIE_ARCH__
#error "__AIE_ARCH__ selects the generation: 20 is AIE2 (npu1), 21 is AIE2P (npu2)"
#elif __AIE_ARCH__ != 20 && __AIE_ARCH__ != 21
#error "__AIE_ARCH__ must be 20 (AIE2) or 21 (AIE2P): no other generation is emulated"
#endif

/// Forces inlining of the emulation's functions. Vectors then stay in the host's registers, and the
/// compiler's instrumentation finds no memory accesses in these functions.
#ifndef __aie_inline
#define __aie_inline __attribute__((always_inline))
#endif

// The ABI of vectors passed by value differs between AVX and AVX-512 callers. The difference has no
// effect here, because all functions are inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

extern "C" {
[[noreturn]] void npuwhisper_trap(const char* message);
[[noreturn]] void npuwhisper_trap_misaligned(const void* address, std::size_t bytes,
                                             std::size_t alignment, bool is_write);
void npuwhisper_check_access(const void* address, std::size_t bytes, bool is_write);
}

namespace aie::detail {

inline constexpr bool kAie2p = __AIE_ARCH__ == 21;
/// Native load and store width, in bytes.
inline constexpr unsigned kLoadBytes = kAie2p ? 64 : 32;
/// Size of a native vector register for the cost counters, in bytes.
inline constexpr unsigned kRegisterBytes = 64;

constexpr std::uint64_t in_units_of(std::uint64_t unit, std::uint64_t bytes) {
  return (bytes + unit - 1) / unit;
}

__aie_inline inline void count_vector_op(std::uint64_t bytes) {
  npuwhisper_core_state.vector_ops += in_units_of(kRegisterBytes, bytes);
}

/// Checks an access to a whole vector. Compares the vector's addresses with the window of the
/// core's own memory, and calls npuwhisper_check_access() only for other addresses.
__aie_inline inline void check_access(const void* address, std::size_t bytes, bool is_write) {
  const NpuWhisperCoreState::Window& window = npuwhisper_core_state.memory;
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  if (begin >= window.begin && begin <= window.end && bytes <= window.end - begin) [[likely]] {
    return;
  }
  npuwhisper_check_access(address, bytes, is_write);
}

/// Checks an aligned vector access. A misaligned access traps. Silicon ignores the low address bits
/// instead, and accesses another address.
__aie_inline inline void check_aligned_access(const void* address, std::size_t bytes,
                                              std::size_t alignment, bool is_write) {
  if (reinterpret_cast<std::uintptr_t>(address) % alignment != 0) [[unlikely]] {
    npuwhisper_trap_misaligned(address, bytes, alignment, is_write);
  }
  check_access(address, bytes, is_write);
}

}  // namespace aie::detail
