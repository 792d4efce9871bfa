// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include <npuwhisper/result.h>

#include "emulator/design.h"

namespace npuwhisper::emu {

// Checks, by a low estimate, whether a core's code can fit its program memory. The size of Peano's
// code for a kernel is not known here, only the size of the host compiler's code.
//
// One AIE instruction corresponds to many host instructions, and to more on a host with short
// vectors: this project's kernels have 7 to 19 times as much code on a host with AVX2 as
// tests/bench/npu-code-size estimates for the core, and up to 48 times as much without AVX2. To
// stay below the real size, the estimate counts a 64th of a kernel's host code, and 2 bytes, the
// size of the smallest AIE instruction, for each instruction of the core's own program. Code that
// is refused does not fit. Code that is accepted may still not fit: tests/bench/npu-code-size
// computes a closer estimate.

/// Returns the total size of a shared object's executable sections in bytes; 0 if its section table
/// cannot be read.
std::size_t host_code_bytes(std::span<const std::byte> shared_object);

/// Refuses a core whose code cannot fit its program memory. `host_bytes` is the size of its
/// kernels' host code. Errors: InvalidArgument, with the estimate and the size of the program
/// memory.
Result<void> check_program_size(const Core& core, std::size_t host_bytes,
                                const npu::ArrayModel& array);

}  // namespace npuwhisper::emu
