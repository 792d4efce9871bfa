// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::emu {

/// Runs a program (found on PATH) in a folder and waits for its end. Discards the program's output
/// on success. Errors: Unavailable, with the output in the message.
Result<void> run_program(const std::vector<std::string>& command, const std::string& folder);

}  // namespace npuwhisper::emu
