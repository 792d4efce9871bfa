// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <span>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// Forward Fourier transform of one real block of fixed size, single precision, unnormalised, with
/// the buffers it works on. Meson's option `fft` chooses the library that computes it:
/// fft_plan_fftw.cpp and fft_plan_kissfft.cpp are the only users of FFTW and of KISS FFT, and a
/// build contains one of them. create() and destruction are thread-safe; an instance is reentrant,
/// and instances execute side by side. The same input always gives the same bits.
class FftPlan {
 public:
  /// `size` is even and at least 2. Errors: InvalidArgument (size), Unavailable (no memory, no plan).
  static Result<std::unique_ptr<FftPlan>> create(int size);
  ~FftPlan();

  /// Where the samples go before execute(), which leaves them as they are: [size].
  std::span<float> input();
  /// Bins 0 to size / 2 as (real, imaginary) pairs: [size / 2 + 1, 2]. Valid until the next
  /// execute().
  std::span<const float> execute();

  FftPlan(const FftPlan&) = delete;
  FftPlan& operator=(const FftPlan&) = delete;

 private:
  struct State;
  explicit FftPlan(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace npuwhisper
