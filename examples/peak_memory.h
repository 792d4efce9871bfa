// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace npuwhisper::cli {

/// The most memory that this process ever held resident (VmHWM of proc(5)), in bytes; 0 where /proc
/// does not say.
std::uint64_t peak_memory_bytes();

}  // namespace npuwhisper::cli
