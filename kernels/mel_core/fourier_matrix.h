// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "mel_core/mel_core.h"

namespace npuwhisper::npu::mel {

/// Returns an element of the periodic Hann window times the Fourier matrix, in units of 2^-15,
/// rounded to nearest. The value 1 is stored as 1 - 2^-15. The matrix has the shape
/// [kSpectrumRows, kSpectrumColumns]; its columns are in the order of mel_core.h. Elements without
/// a sample or a bin are zero.
std::int16_t fourier_element(int row, int column);

}  // namespace npuwhisper::npu::mel
