// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::emu {

/// Runs a program (found on PATH) in a folder and waits for it. Shows the program's output only if
/// it fails, in the error. Errors: Unavailable.
Result<void> run_program(const std::vector<std::string>& command, const std::string& folder);

}  // namespace npuwhisper::emu
