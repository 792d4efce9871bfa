// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <nlohmann/json.hpp>

namespace npuwhisper::test {

/// What the emulated NPU in this process has counted so far: the JSON that
/// NPUWHISPER_EMULATOR_STATS asks for. Fails the test where the device is not an emulated one.
nlohmann::json emulator_counters();

/// By how much a counter of a part ("driver", "array") grew.
long long growth(const nlohmann::json& before, const nlohmann::json& after, const char* part,
                 const char* name);

}  // namespace npuwhisper::test
