// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio/mel_filterbank.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

namespace npuwhisper {
namespace {

// Slaney's mel scale is linear below 1000 Hz, where 3 mel span 200 Hz. It is logarithmic above 1000
// Hz, where 27 mel multiply the frequency by 6.4.
constexpr double kHzPerMel = 200.0 / 3.0;
constexpr double kLogFromHz = 1000.0;
constexpr double kLogFromMel = kLogFromHz / kHzPerMel;

double log_step() {
  return std::log(6.4) / 27.0;
}

double hz_to_mel(double hz) {
  if (hz < kLogFromHz) return hz / kHzPerMel;
  return kLogFromMel + std::log(hz / kLogFromHz) / log_step();
}

double mel_to_hz(double mel) {
  if (mel < kLogFromMel) return mel * kHzPerMel;
  return kLogFromHz * std::exp((mel - kLogFromMel) * log_step());
}

}  // namespace

Result<MelFilterbank> MelFilterbank::create(int n_mels, int fft_size, int sample_rate) {
  // Whisper has 80 or 128 mel bins. A number beyond this limit means that the model file is broken.
  constexpr int kMaxMels = 1024;
  if (n_mels < 1 || n_mels > kMaxMels) {
    return fail(ErrorCode::InvalidArgument, "mel bins: found " + std::to_string(n_mels) +
                                                ", wanted 1 to " + std::to_string(kMaxMels));
  }
  if (fft_size < 2 || sample_rate < 2) {
    return fail(ErrorCode::InvalidArgument, "mel bank: found FFT size " + std::to_string(fft_size) +
                                                " and sample rate " + std::to_string(sample_rate) +
                                                ", wanted at least 2");
  }
  MelFilterbank bank;
  bank.n_bins_ = fft_size / 2 + 1;
  const double max_mel = hz_to_mel(sample_rate / 2.0);
  const auto corner_hz = [&](int i) { return mel_to_hz(max_mel * i / (n_mels + 1)); };

  for (int m = 0; m < n_mels; ++m) {
    const double low = corner_hz(m);
    const double peak = corner_hz(m + 1);
    const double high = corner_hz(m + 2);
    const double height = 2.0 / (high - low);  // Makes the area of the triangle 1.
    Band band{.first_weight = static_cast<int>(bank.weights_.size())};
    for (int k = 0; k < bank.n_bins_; ++k) {
      const double hz = static_cast<double>(k) * sample_rate / fft_size;
      const double slope = std::min((hz - low) / (peak - low), (high - hz) / (high - peak));
      if (slope <= 0) continue;
      if (band.n_bins == 0) band.first_bin = k;
      ++band.n_bins;
      bank.weights_.push_back(static_cast<float>(slope * height));
    }
    bank.bands_.push_back(band);
  }
  return bank;
}

void MelFilterbank::apply(std::span<const float> power, std::span<float> mel) const {
  assert(power.size() >= static_cast<std::size_t>(n_bins_) && mel.size() >= bands_.size());
  for (std::size_t m = 0; m < bands_.size(); ++m) {
    const Band& band = bands_[m];
    const float* weight = weights_.data() + band.first_weight;
    const float* bin = power.data() + band.first_bin;
    float sum = 0;
    for (int k = 0; k < band.n_bins; ++k) sum += weight[k] * bin[k];
    mel[m] = sum;
  }
}

float MelFilterbank::weight(int mel, int bin) const {
  const Band& band = bands_.at(static_cast<std::size_t>(mel));
  const int k = bin - band.first_bin;
  if (k < 0 || k >= band.n_bins) return 0;
  return weights_[static_cast<std::size_t>(band.first_weight + k)];
}

}  // namespace npuwhisper
