// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

namespace npuwhisper {

inline constexpr float kMinLogPower = -10.0F;  ///< log10_power() of silence.

/// out[i] = log10(max(power[i], 1e-10)) to within 1e-6 of its magnitude, for finite power; returns
/// the largest. A value's result does not depend on its place. `power` and `out` have the same
/// size, at least 1, and may be the same memory. Thread-safe; vectorised for the CPU that it runs
/// on.
float log10_power(std::span<const float> power, std::span<float> out);

}  // namespace npuwhisper
