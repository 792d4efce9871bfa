// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/lstm_cell.h"

#include <cassert>
#include <cstddef>

// Highway includes this file again and compiles it once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "vad/lstm_cell.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace npuwhisper {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;

HWY_INLINE V sigmoid(D d, V x) {
  const V half = hn::Set(d, 0.5F);
  return hn::MulAdd(hn::Tanh(d, hn::Mul(x, half)), half, half);
}

void update(const float* gates, std::size_t n, float* state, float* hidden) {
  const D d;
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    const V input = sigmoid(d, hn::LoadU(d, gates + i));
    const V forget = sigmoid(d, hn::LoadU(d, gates + n + i));
    const V candidate = hn::Tanh(d, hn::LoadU(d, gates + 2 * n + i));
    const V output = sigmoid(d, hn::LoadU(d, gates + 3 * n + i));
    const V next = hn::MulAdd(forget, hn::LoadU(d, state + i), hn::Mul(input, candidate));
    hn::StoreU(next, d, state + i);
    hn::StoreU(hn::Mul(output, hn::Tanh(d, next)), d, hidden + i);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace npuwhisper
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuwhisper {
namespace {

HWY_EXPORT(update);

}  // namespace

void update_lstm_cell(std::span<const float> gates, std::span<float> state,
                      std::span<float> hidden) {
  assert(gates.size() == 4 * state.size() && hidden.size() == state.size());
  assert(state.size() % 16 == 0);
  HWY_DYNAMIC_DISPATCH(update)(gates.data(), state.size(), state.data(), hidden.data());
}

}  // namespace npuwhisper
#endif  // HWY_ONCE
