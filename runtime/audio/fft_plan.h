// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <span>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// Computes the forward Fourier transform of one real block of fixed size, in single precision and
/// unnormalised. Owns the buffers of the transform. Meson's option `fft` selects the library. A
/// build contains either fft_plan_fftw.cpp, the only user of FFTW, or fft_plan_kissfft.cpp, the
/// only user of KISS FFT. create() and the destructor are thread-safe. An instance is reentrant,
/// and instances can execute concurrently. The same input always gives the same bits.
class FftPlan {
 public:
  /// Creates a plan. `size` must be even and at least 2. Errors: InvalidArgument (size),
  /// Unavailable (no memory, no plan).
  static Result<std::unique_ptr<FftPlan>> create(int size);
  ~FftPlan();

  /// Returns the buffer for the samples, [size]. execute() reads it and leaves it unchanged.
  std::span<float> input();
  /// Computes the transform and returns bins 0 to size / 2 as (real, imaginary) pairs:
  /// [size / 2 + 1, 2]. The result is valid until the next execute().
  std::span<const float> execute();

  FftPlan(const FftPlan&) = delete;
  FftPlan& operator=(const FftPlan&) = delete;

 private:
  struct State;
  explicit FftPlan(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace npuwhisper
