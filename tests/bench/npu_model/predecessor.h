// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// The predecessor's encoder on XDNA2, and why eight times the cores made it 1.16 times as fast.
///
/// It ran Whisper base's six layers over 512 positions from Python: each matrix product became
/// calls of one fixed kernel, 512 x 512 x 512 in int8: four for attention's projections and four
/// each for the two products of the feed-forward part, cut in Python because the larger shapes did
/// not fit the array's descriptors. 72 calls an encoder, and each a round trip: slices copied,
/// quantised, written to a buffer, dispatched, read back, made floats; softmax, layer norms and
/// GELU in NumPy. Its own profile of a call gives the kernel 20 % of the time
/// (PHASE4_32TILE_ANALYSIS.md).
///
/// The model has two parts. A kernel's call is dispatch, which no core shortens, and work, which n
/// cores share; dispatch is our clock's constant, and work what is left of the predecessor's
/// measurement on 4 cores. An encoder is host time, which does not change with n, and kernel calls.
namespace npuwhisper::bench::predecessor {

inline constexpr int kCalls = 6 * (4 + 4 + 4);
inline constexpr double kEncoderSeconds4 = 2.12240;   ///< Measured.
inline constexpr double kEncoderSeconds32 = 1.83158;  ///< Measured.
inline constexpr double kKernelShare4 = 0.20;         ///< Of the time on 4 cores, by its profile.
inline constexpr double kKernelSeconds4 = 0.765e-3;   ///< Measured alone: 351 GOPS.
inline constexpr double kKernelSeconds32 = 0.218e-3;  ///< Measured alone: 3.51 times that.

/// Of the kernel alone.
double kernel_seconds(int n_cores);
double encoder_seconds(int n_cores);
/// Of the 4-core kernel's call, the part that more cores do not shorten.
double dispatch_share();

}  // namespace npuwhisper::bench::predecessor
