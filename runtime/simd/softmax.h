// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

namespace npuwhisper {

/// The functions below are vectorised operations on a row of logits (51,865 values in Whisper
/// base). The search calls them for every token. -inf means "forbidden" and, like a NaN, counts as
/// probability 0. The functions allocate nothing and are thread-safe.

/// Returns the largest value; -inf for an empty row.
float max_of(std::span<const float> logits);

/// Returns the sum of exp((logits[i] - offset) * scale). `offset` must be the largest value, so
/// that nothing overflows.
float sum_exp(std::span<const float> logits, float offset, float scale);

/// Returns log(sum(exp(logits))); -inf if all logits are -inf.
float log_sum_exp(std::span<const float> logits);

/// Returns the index of the first element that equals `value`; logits.size() if there is none.
std::size_t find_first(std::span<const float> logits, float value);

}  // namespace npuwhisper
