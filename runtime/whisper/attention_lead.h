// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "model/config.h"

namespace npuwhisper {

/// By how many samples the attention of the model's alignment heads runs ahead of the words
/// (negative: behind them). It is a property of trained weights, as the choice of the heads itself
/// is: they tell where the words of a text begin only up to such a shift. 0 for models not
/// measured.
int attention_lead(const ModelConfig& config);

}  // namespace npuwhisper
