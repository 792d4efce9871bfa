// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include <npuwhisper/result.h>

namespace npuwhisper::xdna {

/// The array configuration for "npu1" or "npu2": the file that $NPUWHISPER_NPU_IMAGE names, else
/// the installed one. Errors: NotFound, with the file.
Result<std::filesystem::path> find_image(const std::string& array);

}  // namespace npuwhisper::xdna
