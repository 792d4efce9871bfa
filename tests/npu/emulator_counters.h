// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <nlohmann/json.hpp>

namespace npuwhisper::test {

/// Returns the current counters of this process's emulated NPU: the JSON that
/// NPUWHISPER_EMULATOR_STATS requests. If the device is not emulated, fails the test and
/// returns null.
nlohmann::json emulator_counters();

/// Returns the increase of the counter `name` of `part` ("driver" or "array").
long long growth(const nlohmann::json& before, const nlohmann::json& after, const char* part,
                 const char* name);

}  // namespace npuwhisper::test
