// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "design/plan.h"

namespace npuwhisper::npu {

/// Fills in what operation number `index` costs: counts exactly, cycles by the rates of the clock's
/// table (array/clock_constants.h). Softmax and epilogues are estimated by the vector
/// operations that they need; the emulated clock counts them.
void predict(Plan& plan, std::size_t index);

/// How long it takes to give the array this design when it had another one.
double configuration_seconds(const DesignSpec& spec);

}  // namespace npuwhisper::npu
