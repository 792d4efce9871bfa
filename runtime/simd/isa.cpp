// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/isa.h"

#include <array>
#include <cstdlib>
#include <string>

#include <hwy/targets.h>

#include "simd/onednn.h"

namespace npuwhisper::cpu {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"baseline", "avx2",        "avx2_vnni",
                                                    "avx512",   "avx512_bf16", "amx"};

Result<Isa> parse_limit(std::string_view text) {
  for (std::size_t i = 1; i < kNames.size(); ++i) {
    if (text == kNames[i]) return static_cast<Isa>(i);
  }
  return fail(ErrorCode::InvalidArgument,
              "NPUWHISPER_MAX_ISA: found '" + std::string(text) +
                  "', wanted avx2, avx2_vnni, avx512, avx512_bf16 or amx");
}

Result<Isa> apply_limit() {
  Isa limit = Isa::Amx;
  if (const char* text = std::getenv("NPUWHISPER_MAX_ISA"); text != nullptr && *text != '\0') {
    const auto parsed = parse_limit(text);
    if (!parsed) return fail(parsed.error());
    limit = *parsed;
    // In Highway, better targets of an architecture have lower bits. The argument therefore names
    // all targets that are better than AVX2.
    if (limit < Isa::Avx512) hwy::DisableTargets(HWY_AVX2 - 1);
  }
  return onednn::limit_isa(limit);
}

}  // namespace

std::string_view to_string(Isa isa) {
  return kNames[static_cast<std::size_t>(isa)];
}

Result<Isa> select_isa() {
  static const Result<Isa> selected = apply_limit();
  return selected;
}

}  // namespace npuwhisper::cpu
