// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include <npuwhisper/result.h>

#include "emulator/driver/device_model.h"

namespace npuwhisper::emu {

/// Fills a folder with the files of an NPU under /sys and /dev, as amdxdna and the PCI bus would
/// show them, and with the state that the processes using them share (see driver/device_files.h).
/// Errors: Unavailable.
Result<void> make_device_tree(const std::filesystem::path& folder, const DeviceModel& device);

}  // namespace npuwhisper::emu
