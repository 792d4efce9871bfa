// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace npuwhisper::cpu {

/// Kernels that round rows of finite numbers to 8 bits with a scale, compiled for each instruction
/// set and chosen at run time (Highway). Pointers need no alignment. Thread-safe.

/// Returns the largest magnitude of the n numbers; 0 if there are none.
float largest_magnitude(const float* in, std::size_t n);

/// Returns the sum of the n numbers. The order of the additions depends on the instruction set.
float sum_of(const float* in, std::size_t n);

/// Computes out[i] = in[i] * factor, rounded to the nearest integer, ties to even, and limited to
/// the range -127 to 127. Returns the sum of `out`; n is at most 2^24.
std::int32_t round_to_int8(const float* in, float factor, std::int8_t* out, std::size_t n);

}  // namespace npuwhisper::cpu
