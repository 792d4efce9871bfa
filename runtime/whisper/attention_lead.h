// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "model/config.h"

namespace npuwhisper {

/// Returns the number of samples by which the attention of the model's alignment heads runs ahead
/// of the words (negative: behind them). Like the choice of the heads, this shift is a property of
/// the trained weights: the heads locate words only up to a constant shift. Returns 0 for models
/// that were not measured.
int attention_lead(const ModelConfig& config);

}  // namespace npuwhisper
