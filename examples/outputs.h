// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "formats.h"

namespace npuwhisper::cli {

/// Decides which file the result of each input goes to; an empty path means stdout. Inputs that
/// share a path (Json alone) stand next to each other in it. `output` is --output, or empty:
///   empty                    stdout; Srt and Vtt then take one input, as neither can hold two
///   files a folder, or NAME/       NAME/<input's file name, its ending replaced by the format's>
///   anything else, one input that file; with Json also for several inputs
///   anything else, several   a folder of that name
/// Makes the folder. Errors: InvalidArgument (two inputs with one output, or an output that is an
/// input), Unavailable (the folder cannot be made).
Result<std::vector<std::filesystem::path>> plan_outputs(std::span<const std::string> inputs,
                                                        const std::string& output, Format format);

}  // namespace npuwhisper::cli
