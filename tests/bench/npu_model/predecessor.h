// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// A model of the predecessor's encoder on XDNA2. It explains why eight times the cores made the
/// encoder only 1.16 times as fast.
///
/// The predecessor ran Whisper base's six layers over 512 positions from Python. It computed each
/// matrix product with calls of one fixed int8 kernel, 512 x 512 x 512. A layer took twelve calls:
/// four for the projections of attention, and four for each of the two products of the feed-forward
/// part. Python split the feed-forward products because their shapes did not fit the array's
/// descriptors. A run of the encoder took 72 calls. Each call was a round trip: copy slices,
/// quantise, write to a buffer, dispatch, read back, convert to float. Softmax, layer norms and
/// GELU ran in NumPy. The predecessor's profile of a call attributes 20 % of the time to the kernel
/// (PHASE4_32TILE_ANALYSIS.md).
///
/// The model has two parts. A kernel call consists of dispatch and work. More cores do not shorten
/// the dispatch, and n cores share the work. The dispatch time is kDispatchSeconds, a constant of
/// the emulated clock. The work time is the predecessor's measurement on 4 cores, less the dispatch
/// time. A run of the encoder consists of host time, which does not change with n, and of kernel
/// calls.
namespace npuwhisper::bench::predecessor {

inline constexpr int kCalls = 6 * (4 + 4 + 4);
inline constexpr double kEncoderSeconds4 = 2.12240;   ///< Measured duration of a run on 4 cores.
inline constexpr double kEncoderSeconds32 = 1.83158;  ///< Measured duration of a run on 32 cores.
inline constexpr double kKernelShare4 = 0.20;         ///< Kernel's share of the time on 4 cores.
/// Measured duration of a kernel call on 4 cores, without host time (351 GOPS).
inline constexpr double kKernelSeconds4 = 0.765e-3;
/// Measured duration of a kernel call on 32 cores, without host time: 3.51 times as fast as on 4.
inline constexpr double kKernelSeconds32 = 0.218e-3;

/// Returns the duration of one kernel call on `n_cores` cores, without host time.
double kernel_seconds(int n_cores);
/// Returns the duration of a run of the encoder on `n_cores` cores, host time included.
double encoder_seconds(int n_cores);
/// Returns the fraction of a kernel call on 4 cores that more cores do not shorten.
double dispatch_share();

}  // namespace npuwhisper::bench::predecessor
