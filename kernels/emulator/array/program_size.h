// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include <npuwhisper/result.h>

#include "emulator/design.h"

namespace npuwhisper::emu {

/// Whether a core's code can fit its program memory, by an estimate from below: what Peano will
/// make of a kernel is not known here, only what the host's compiler made of it.
///
/// An operation of one AIE instruction is many on the host, and more where the host has short
/// vectors: this project's kernels have 7 to 19 times as much code on a host with AVX2 as
/// tests/bench/npu-code-size estimates for the core, and up to 48 times without. A kernel is taken
/// for a 64th of its host code, and an instruction of the core's own program for the smallest word
/// of AIE, 2 bytes. What is refused does not fit; what is not refused may still not:
/// tests/bench/npu-code-size is the estimate that is meant to be near.

/// The bytes of executable sections in a shared object; 0 for what is none.
std::size_t host_code_bytes(std::span<const std::byte> shared_object);

/// Refuses a core whose kernels have `host_bytes` of host code. Errors: InvalidArgument, with the
/// estimate and what the core has.
Result<void> check_program_size(const Core& core, std::size_t host_bytes,
                                const npu::ArrayModel& array);

}  // namespace npuwhisper::emu
