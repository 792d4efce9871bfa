// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "mel_core/mel_core.h"

/// Reference implementation of Whisper's spectrogram, in plain C++. It computes in double and
/// defines the correct results.
namespace npuwhisper::npu::reference {

/// Returns value n of the periodic Hann window of 400 values.
double hann(int n);

/// Returns |STFT|^2 of one frame of 400 samples, in units of full scale squared.
std::array<double, mel::kBins> power(std::span<const std::int16_t> frame);

/// Returns (log10(max(y, 1e-10)) + 4) / 4.
double log_mel(double y);

}  // namespace npuwhisper::npu::reference
