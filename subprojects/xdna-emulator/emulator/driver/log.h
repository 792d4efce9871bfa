// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace npuwhisper::emu {

/// Writes a message to standard error as one line, which states that the NPU is emulated. A real
/// driver would write the message to the kernel's log. Thread-safe.
void log(const std::string& message);

}  // namespace npuwhisper::emu
