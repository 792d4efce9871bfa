// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include <npuwhisper/result.h>

#include "emulator/design.h"

namespace npuwhisper::emu {

// Compares a low estimate of a core's code size with the core's program memory. Only Peano, the
// compiler for AIE cores, shows the real size of a kernel. The emulator has only the size of the
// kernel's code for the host.
//
// One AIE instruction corresponds to many host instructions, and to more on a host with short
// vectors. npuwhisper's tool tests/bench/npu-code-size computes a closer estimate of a kernel's
// size. On a host with AVX2, npuwhisper's kernels have 7 to 19 times as much code as the tool
// estimates. Without AVX2, they have up to 48 times as much. To stay below the real size, the
// estimate here counts 1/64 of the kernels' host code. It adds 2 bytes, the size of the smallest
// AIE instruction, for each instruction of the core's own program. Code that the check refuses does
// not fit. Code that the check accepts may still not fit.

/// Returns the total size of a shared object's executable sections in bytes; 0 if its section table
/// cannot be read.
std::size_t host_code_bytes(std::span<const std::byte> shared_object);

/// Refuses a core whose code cannot fit its program memory. `host_bytes` is the size of its
/// kernels' host code. Errors: InvalidArgument, with the estimate and the size of the program
/// memory.
Result<void> check_program_size(const Core& core, std::size_t host_bytes,
                                const npu::ArrayModel& array);

}  // namespace npuwhisper::emu
