// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio/fft_plan.h"

#include <fftw3.h>

#include <mutex>
#include <string>
#include <utility>

namespace npuwhisper {
namespace {

/// Returns the mutex that guards FFTW's planner, which creates and destroys plans.
std::mutex& planner_mutex() {
  static std::mutex mutex;
  return mutex;
}

struct FftwFree {
  void operator()(void* memory) const { fftwf_free(memory); }
};

}  // namespace

struct FftPlan::State {
  int size = 0;
  std::unique_ptr<float[], FftwFree> input;   // [size]
  std::unique_ptr<float[], FftwFree> output;  // [size / 2 + 1, 2]
  fftwf_plan plan = nullptr;

  ~State() {
    if (!plan) return;
    const std::scoped_lock lock(planner_mutex());
    fftwf_destroy_plan(plan);
  }
};

Result<std::unique_ptr<FftPlan>> FftPlan::create(int size) {
  if (size < 2 || size % 2 != 0) {
    return fail(ErrorCode::InvalidArgument, "FFT size: found " + std::to_string(size) +
                                                ", wanted an even number of at least 2");
  }
  auto state = std::make_unique<State>();
  const std::size_t n_input = static_cast<std::size_t>(size);
  const std::size_t n_output = (n_input / 2 + 1) * 2;
  state->size = size;
  state->input.reset(fftwf_alloc_real(n_input));
  state->output.reset(fftwf_alloc_real(n_output));
  if (!state->input || !state->output) {
    return fail(ErrorCode::Unavailable, "FFT of " + std::to_string(size) + ": no memory");
  }
  {
    const std::scoped_lock lock(planner_mutex());
    // FFTW_ESTIMATE measures nothing and accumulates no wisdom, so every process gets the same plan
    // and the same bits. For the 400 points of a Whisper frame, a measured plan is not faster.
    state->plan = fftwf_plan_dft_r2c_1d(size, state->input.get(),
                                        reinterpret_cast<fftwf_complex*>(state->output.get()),
                                        FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  }
  if (!state->plan) {
    return fail(ErrorCode::Unavailable,
                "FFT of " + std::to_string(size) + ": FFTW could not create a plan");
  }
  return std::unique_ptr<FftPlan>(new FftPlan(std::move(state)));
}

FftPlan::FftPlan(std::unique_ptr<State> state) : state_(std::move(state)) {}
FftPlan::~FftPlan() = default;

std::span<float> FftPlan::input() {
  return {state_->input.get(), static_cast<std::size_t>(state_->size)};
}

std::span<const float> FftPlan::execute() {
  fftwf_execute(state_->plan);
  return {state_->output.get(), (static_cast<std::size_t>(state_->size) / 2 + 1) * 2};
}

}  // namespace npuwhisper
