// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include <npuwhisper/result.h>

namespace npuwhisper::xdna {

/// Returns the file of the array configuration for "npu1" or "npu2": the one that
/// $NPUWHISPER_NPU_IMAGE names, else the installed one. Errors: NotFound, with the file's name.
Result<std::filesystem::path> find_image(const std::string& array);

}  // namespace npuwhisper::xdna
