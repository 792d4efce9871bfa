// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include <npuwhisper/result.h>

namespace npuwhisper::npu_device {

/// Returns the path of the array configuration for `array`, "npu1" or "npu2". If
/// $NPUWHISPER_NPU_IMAGE is set, its value is the path. Otherwise, returns the path of the
/// installed file. Errors: NotFound (the message contains the path).
Result<std::filesystem::path> find_image(const std::string& array);

}  // namespace npuwhisper::npu_device
