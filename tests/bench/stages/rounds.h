// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// Calls `run` once and then n_rounds times. Returns the median duration of the n_rounds calls, in
/// seconds. Errors: the first one of `run`. n_rounds must be at least 1.
Result<double> median_seconds(int n_rounds, const std::function<Result<void>()>& run);

}  // namespace npuwhisper
