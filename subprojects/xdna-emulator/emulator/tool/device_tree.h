// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include <npuwhisper/result.h>

#include "emulator/driver/device_model.h"

namespace npuwhisper::emu {

/// Fills a folder with the files that amdxdna and the PCI bus show for an NPU under /sys and /dev.
/// Adds the state file, which all processes that open the device share (see
/// driver/context_registry.h). Errors: Unavailable.
Result<void> make_device_tree(const std::filesystem::path& folder, const DeviceModel& device);

}  // namespace npuwhisper::emu
