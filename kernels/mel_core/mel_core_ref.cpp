// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mel_core/mel_core_ref.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace npuwhisper::npu::reference {
namespace {

constexpr double kFullScale = 32768;

double angle(int bin, int n) {
  return 2 * std::numbers::pi * (bin * n % mel::kFrameSamples) / mel::kFrameSamples;
}

}  // namespace

double hann(int n) {
  return 0.5 - 0.5 * std::cos(2 * std::numbers::pi * n / mel::kFrameSamples);
}

std::array<double, mel::kBins> power(std::span<const std::int16_t> frame) {
  std::array<double, mel::kBins> result{};
  for (int bin = 0; bin < mel::kBins; ++bin) {
    double real = 0;
    double imaginary = 0;
    for (int n = 0; n < mel::kFrameSamples; ++n) {
      const double x = frame[static_cast<std::size_t>(n)] / kFullScale * hann(n);
      real += x * std::cos(angle(bin, n));
      imaginary -= x * std::sin(angle(bin, n));
    }
    result[static_cast<std::size_t>(bin)] = real * real + imaginary * imaginary;
  }
  return result;
}

double log_mel(double y) {
  return (std::log10(std::max(y, 1e-10)) + 4) / 4;
}

}  // namespace npuwhisper::npu::reference
