// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "design/core_interface.h"

/// Whisper's log-mel spectrogram on the array. Two products compute it, with the encoder's
/// dataflow. Only the object file in the cores differs: mel_core.o has the functions of
/// core_interface.h under the same names, and runs the jobs below instead of the encoder's jobs.
/// Tiles, blocks, memory and the loop are those of the encoder.
///
///   kSpectrum  A: int16 samples, a frame in each row (rows overlap: a descriptor's stride is the
///              hop). A tile is stored in groups of kSampleColumns columns: [64/8][64 rows][8].
///              With this order, one descriptor can read all tiles of 64 frames from samples that
///              are stored once.
///              B: int16 window times Fourier matrix. C: power, bf16.
///   kMel       A: power. B: mel filters, bf16. C: (log10(max(y, 1e-10)) + 4) / 4, bf16. Whisper's
///              floor, 2 below the window's maximum, is not applied, as it needs the whole window.
///
/// kIdle is as in core_interface.h. Job headers use neither bias nor flags.
namespace npuwhisper::npu::mel {

enum Operation : std::int32_t { kSpectrum = 16, kMel = 17 };

inline constexpr int kFrameSamples = 400;  ///< Length of a frame and of the Fourier transform.
inline constexpr int kHopSamples = 160;
inline constexpr int kBins = kFrameSamples / 2 + 1;

/// Number of columns of a tile of A that are contiguous in a core's memory. A piece of 4 rows has
/// 32 samples.
inline constexpr int kSampleColumns = 8;

/// Bins in a group of columns. The Fourier matrix has the real parts of 8 bins, then their
/// imaginary parts, and so on. In C, a bin's power is in the column of its real part, and the
/// column of its imaginary part is zero.
inline constexpr int kBinGroup = 8;
inline constexpr int kSpectrumColumns = 448;  ///< 26 groups of 16 columns, padded to whole tiles.
static_assert((kBins + kBinGroup - 1) / kBinGroup * 2 * kBinGroup <= kSpectrumColumns);
static_assert(kSpectrumColumns % core::kTile == 0);
constexpr int real_column(int bin) {
  return bin / kBinGroup * 2 * kBinGroup + bin % kBinGroup;
}
constexpr int imaginary_column(int bin) {
  return real_column(bin) + kBinGroup;
}

/// Rows of the Fourier matrix: one for each sample of a frame, then rows of zeros up to whole
/// tiles. Because of the zeros, A's values in the corresponding columns have no effect.
inline constexpr int kSpectrumRows = 448;

/// Samples and matrix elements are integers in units of 2^-15. With these units, samples are in
/// [-1, 1).
inline constexpr int kFractionBits = 15;

/// Name of the object file with the log-mel functions. Each generation has its own file of this
/// name.
inline constexpr const char* kObject = "mel_core.o";

}  // namespace npuwhisper::npu::mel
