// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace npuwhisper::emu {

/// What a kernel driver would write to the kernel's log: one line to standard error, which says
/// that the NPU is emulated. Thread-safe.
void log(const std::string& message);

}  // namespace npuwhisper::emu
