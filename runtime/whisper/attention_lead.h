// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "model/config.h"

namespace npuwhisper {

/// Returns the number of samples by which the attention of the model's alignment heads runs ahead
/// of the words (negative: behind them). Attention locates words only up to a constant shift. The
/// shift depends on the trained weights. Returns 0 for models that were not measured.
int attention_lead(const ModelConfig& config);

}  // namespace npuwhisper
