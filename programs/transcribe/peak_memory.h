// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace npuwhisper::cli {

/// Returns the peak resident memory of this process (VmHWM of proc(5)) in bytes, or 0 if /proc does
/// not provide it.
std::uint64_t peak_memory_bytes();

}  // namespace npuwhisper::cli
