// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>

#include "device/device.h"
#include "model/config.h"
#include "model/weights_index.h"

namespace npuwhisper {

/// Returns the memory that a model takes on `device`. Reads no weights. `weights`: names, types and
/// dimensions of the model's variables. Errors: those of Device::measure().
Result<MemoryNeed> measure_memory(Device& device, const ModelConfig& config,
                                  const WeightsIndex& weights);

/// Returns the names and dimensions of the variables of a model with these sizes. The type of each
/// variable is f16. The variables have no values.
WeightsIndex outline_weights(const ModelConfig& config);

/// Returns the name of the published model that takes the most memory on `device` among those that
/// take at most `bytes`. Considers only models for English if `is_english_only` is set, and only
/// multilingual models otherwise. Returns nullopt if no model fits, or if none can be measured.
std::optional<std::string_view> largest_known_model(Device& device, std::uint64_t bytes,
                                                    bool is_english_only);

}  // namespace npuwhisper
