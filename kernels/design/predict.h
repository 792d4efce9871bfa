// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "design/plan.h"

namespace npuwhisper::npu {

/// Fills in the cost of operation number `index`, whose jobs, macs and arithmetic are known. Counts
/// are exact; cycles follow from the rates in the clock's table (array/clock_constants.h). Softmax
/// and the rounding to int8 are estimated from the number of vector operations. Epilogues are not
/// included; the emulated clock counts them.
void predict(Plan& plan, std::size_t index);

/// Returns the predicted time to replace another design on the array by this one.
double configuration_seconds(const DesignSpec& spec);

}  // namespace npuwhisper::npu
