// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "formats.h"
#include "input.h"

namespace npuwhisper::cli {

/// Decides which file the text of each input goes to; an empty path means stdout. Inputs that
/// share a path (Json alone) stand next to each other in it. `output` is --output, or empty:
///   empty, or -                stdout; Srt and Vtt take one input, since they cannot hold two
///   a folder, or NAME/         NAME/<Input::name, its ending replaced by the format's>
///   other names                that file, for one input; with Json also for several
/// Makes the folder NAME/. Errors: InvalidArgument (two inputs with one output, or an output that
/// is an input), Unavailable (the folder cannot be made).
Result<std::vector<std::filesystem::path>> plan_outputs(std::span<const Input> inputs,
                                                        const std::string& output, Format format);

}  // namespace npuwhisper::cli
