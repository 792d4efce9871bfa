// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "emulator/driver/device_model.h"

namespace npuwhisper::emu {

/// Runs a command. The command and its children see an emulated NPU. Forwards SIGTERM and SIGHUP to
/// the command. Returns the command's exit status, 128 plus the signal's number if a signal ended
/// the command, or 127 if the command could not be started.
///
/// `library` is the library to preload. Errors: Unavailable.
Result<int> run_emulated(const DeviceModel& device, const std::string& library,
                         const std::vector<std::string>& command);

}  // namespace npuwhisper::emu
