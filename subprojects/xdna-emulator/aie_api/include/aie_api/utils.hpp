// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/simd.h"
#include "aie_api/emulation/tile.h"

/// Loops under the names of aie_api. unroll_...() unrolls at compile time. pipelined_loop() is a
/// plain loop here; the compiler for AIE pipelines it.

namespace aie {

template <typename T, T Start, T End, T Step = 1, typename Fn>
__aie_inline constexpr void unroll_for(Fn&& fn) {
  if constexpr ((Step > 0 && Start < End) || (Step < 0 && Start > End)) {
    fn(std::integral_constant<T, Start>{});
    unroll_for<T, static_cast<T>(Start + Step), End, Step>(fn);
  }
}

template <unsigned Times, typename Fn>
__aie_inline constexpr void unroll_times(Fn&& fn) {
  detail::unroll<Times>(fn);
}

template <unsigned TimesY, unsigned TimesX, typename Fn>
__aie_inline constexpr void unroll_times_2d(Fn&& fn) {
  detail::unroll<TimesY>(
      [&](auto y) __aie_inline { detail::unroll<TimesX>([&](auto x) __aie_inline { fn(y, x); }); });
}

struct loop_options {
  unsigned peel_front = 0;
  unsigned peel_back = 0;
  int preamble_offset = 0;
};

/// Calls fn(0) .. fn(count - 1). Traps if `count` is less than MinIters.
template <unsigned MinIters, loop_options = loop_options{}, typename Fn>
__aie_inline inline void pipelined_loop(unsigned count, Fn&& fn) {
  if (count < MinIters) npuwhisper_trap("pipelined_loop: fewer iterations than promised");
  for (unsigned i = 0; i < count; ++i) fn(i);
}

}  // namespace aie
