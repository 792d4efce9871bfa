// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include <npuwhisper/result.h>

namespace npuwhisper::cpu {

/// Instruction sets by what they mean for us. Each includes the ones before it; Avx512 has VNNI where the CPU has it.
enum class Isa { Baseline, Avx2, Avx512, Avx512Bf16, Amx };

std::string_view to_string(Isa isa);

/// The best instruction set of this CPU, limited by the environment variable NPUWHISPER_MAX_ISA (avx2, avx512,
/// avx512_bf16, amx). The first call applies the limit to our own kernels and to oneDNN for the whole process; later
/// calls return the same. Errors: InvalidArgument (unknown name), Unsupported (oneDNN was used before with another
/// limit). Thread-safe.
Result<Isa> select_isa();

}  // namespace npuwhisper::cpu
