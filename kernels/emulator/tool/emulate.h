// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "emulator/driver/device_model.h"

namespace npuwhisper::emu {

/// Runs a command that sees an emulated NPU. Its children see it too. SIGTERM and SIGHUP go on to
/// the command. The result is its exit status, 128 and the signal's number if one ended it, or 127
/// if it could not be started.
///
/// library: what is preloaded. Errors: Unavailable.
Result<int> run_emulated(const DeviceModel& device, const std::string& library,
                         const std::vector<std::string>& command);

}  // namespace npuwhisper::emu
