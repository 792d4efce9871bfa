// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "mel_core/mel_core.h"

namespace npuwhisper::npu::mel {

/// Element of the periodic Hann window times the Fourier matrix, [kSpectrumRows, kSpectrumColumns],
/// in units of 2^-15, to nearest (1 is one unit less); columns as mel_core.h orders them. Zero
/// where there is no sample or no bin.
std::int16_t fourier_element(int row, int column);

}  // namespace npuwhisper::npu::mel
