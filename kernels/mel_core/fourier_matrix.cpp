// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mel_core/fourier_matrix.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace npuwhisper::npu::mel {

std::int16_t fourier_element(int row, int column) {
  const int group = column / (2 * kBinGroup);
  const int in_group = column % (2 * kBinGroup);
  const int bin = group * kBinGroup + in_group % kBinGroup;
  if (row >= kFrameSamples || bin >= kBins) return 0;
  constexpr double kTurn = 2 * std::numbers::pi / kFrameSamples;
  const double hann = 0.5 - 0.5 * std::cos(kTurn * row);
  const double angle = kTurn * (bin * row % kFrameSamples);
  const double value = hann * (in_group < kBinGroup ? std::cos(angle) : -std::sin(angle));
  const double scaled = std::nearbyint(std::ldexp(value, kFractionBits));
  return static_cast<std::int16_t>(std::clamp(scaled, -32767.0, 32767.0));
}

}  // namespace npuwhisper::npu::mel
