// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio/fft_plan.h"

#include <kiss_fftr.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace npuwhisper {
namespace {

// Debian ships KISS FFT for several sample types. This build needs the variant for float, because
// execute() returns each complex number as a pair of floats.
static_assert(std::is_same_v<kiss_fft_scalar, float>);
static_assert(sizeof(kiss_fft_cpx) == 2 * sizeof(float));

struct KissFree {
  void operator()(kiss_fftr_state* plan) const { kiss_fftr_free(plan); }
};

}  // namespace

struct FftPlan::State {
  std::vector<float> input;          // [size]
  std::vector<kiss_fft_cpx> output;  // [size / 2 + 1]
  /// The plan and KISS FFT's scratch memory. Each instance has its own.
  std::unique_ptr<kiss_fftr_state, KissFree> plan;
};

Result<std::unique_ptr<FftPlan>> FftPlan::create(int size) {
  if (size < 2 || size % 2 != 0) {
    return fail(ErrorCode::InvalidArgument, "FFT size: found " + std::to_string(size) +
                                                ", wanted an even number of at least 2");
  }
  auto state = std::make_unique<State>();
  state->input.resize(static_cast<std::size_t>(size));
  state->output.resize(static_cast<std::size_t>(size) / 2 + 1);
  state->plan.reset(kiss_fftr_alloc(size, 0, nullptr, nullptr));
  if (!state->plan) {
    return fail(ErrorCode::Unavailable, "FFT of " + std::to_string(size) + ": no memory");
  }
  return std::unique_ptr<FftPlan>(new FftPlan(std::move(state)));
}

FftPlan::FftPlan(std::unique_ptr<State> state) : state_(std::move(state)) {}
FftPlan::~FftPlan() = default;

std::span<float> FftPlan::input() {
  return state_->input;
}

std::span<const float> FftPlan::execute() {
  kiss_fftr(state_->plan.get(), state_->input.data(), state_->output.data());
  return {&state_->output.front().r, 2 * state_->output.size()};
}

}  // namespace npuwhisper
