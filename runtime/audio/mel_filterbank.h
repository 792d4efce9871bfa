// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// Whisper's mel filter bank: overlapping triangles that sum a power spectrum into mel bins. The
/// corners of the triangles are evenly spaced on Slaney's mel scale, from 0 to half the sample
/// rate. The scale is linear below 1000 Hz and logarithmic above (Slaney, Auditory Toolbox, 1998).
/// Each triangle has an area of 1, with frequency in Hz. The weights are computed and not read from
/// a file, so any number of mel bins works. Immutable; thread-safe.
class MelFilterbank {
 public:
  /// Creates a bank for fft_size / 2 + 1 spectrum bins. `fft_size` is in samples, `sample_rate` in
  /// Hz. Errors: InvalidArgument (n_mels outside 1 to 1024, fft_size or sample_rate below 2).
  static Result<MelFilterbank> create(int n_mels, int fft_size, int sample_rate);

  int n_mels() const { return static_cast<int>(bands_.size()); }
  int n_bins() const { return n_bins_; }

  /// Computes mel[m] = sum of weight(m, k) * power[k]. power is [n_bins], mel is [n_mels].
  void apply(std::span<const float> power, std::span<float> mel) const;
  /// Returns the weight of spectrum bin `bin` in mel bin `mel`.
  float weight(int mel, int bin) const;

 private:
  /// The weights of one triangle. Only the weights of the few spectrum bins that the triangle
  /// covers are stored.
  struct Band {
    int first_bin = 0;
    int n_bins = 0;
    int first_weight = 0;
  };

  MelFilterbank() = default;
  int n_bins_ = 0;
  std::vector<Band> bands_;     // [n_mels]
  std::vector<float> weights_;  // the weights of all bands, concatenated
};

}  // namespace npuwhisper
