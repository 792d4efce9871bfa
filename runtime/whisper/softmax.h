// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

namespace npuwhisper {

/// The vector passes over a row of logits (51,865 values in Whisper base): what the search does for
/// every token. -inf means "forbidden" and, like a NaN, counts as probability 0. No allocation.
/// Thread-safe.

/// The largest value; -inf for an empty row.
float max_of(std::span<const float> logits);

/// Sum of exp((logits[i] - offset) * scale). `offset` is the largest value, so that nothing
/// overflows.
float sum_exp(std::span<const float> logits, float offset, float scale);

/// log(sum(exp(logits))); -inf if everything is forbidden.
float log_sum_exp(std::span<const float> logits);

/// Index of the first element that equals `value`; logits.size() if there is none.
std::size_t find_first(std::span<const float> logits, float value);

}  // namespace npuwhisper
