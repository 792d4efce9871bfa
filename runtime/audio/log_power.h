// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

namespace npuwhisper {

inline constexpr float kMinLogPower = -10.0F;  ///< The result of log10_power() for silence.

/// Computes out[i] = log10(max(power[i], 1e-10)) for finite power, and returns the largest result.
/// The error is at most 1e-6 of a result's magnitude. A result does not depend on the position of
/// its value in `power`. `power` and `out` have the same size, at least 1, and may be the same
/// memory. Thread-safe. Vectorised for the CPU on which it runs.
float log10_power(std::span<const float> power, std::span<float> out);

}  // namespace npuwhisper
