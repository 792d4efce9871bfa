// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include <npuwhisper/result.h>

namespace npuwhisper::cpu {

/// The instruction sets that the kernels distinguish, from the slowest to the fastest. Avx2Vnni is
/// AVX2 with the integer dot products of AVX-VNNI. Avx512 includes VNNI if the CPU has VNNI.
enum class Isa { Baseline, Avx2, Avx2Vnni, Avx512, Avx512Bf16, Amx };

std::string_view to_string(Isa isa);

/// Returns the best instruction set of this CPU, limited by the environment variable
/// NPUWHISPER_MAX_ISA (avx2, avx2_vnni, avx512, avx512_bf16, amx). The first call applies the limit
/// to this library's kernels and to oneDNN for the whole process. Later calls return the result of
/// the first call. Errors: InvalidArgument (unknown name), Unsupported (the process used oneDNN
/// before, with a higher limit). Thread-safe.
Result<Isa> select_isa();

}  // namespace npuwhisper::cpu
