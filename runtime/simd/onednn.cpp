// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/onednn.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

namespace npuwhisper::cpu::onednn {
namespace {

dnnl::cpu_isa isa_for(Isa limit) {
  switch (limit) {
    case Isa::Baseline:
      return dnnl::cpu_isa::sse41;
    case Isa::Avx2:
      return dnnl::cpu_isa::avx2;
    case Isa::Avx2Vnni:
      return dnnl::cpu_isa::avx2_vnni;
    case Isa::Avx512:
      return dnnl::cpu_isa::avx512_core_vnni;
    case Isa::Avx512Bf16:
      return dnnl::cpu_isa::avx512_core_bf16;
    case Isa::Amx:
      break;
  }
  return dnnl::cpu_isa::avx512_core_amx;
}

/// Returns whether `isa` includes `part`. oneDNN's values are bit sets; an instruction set has the
/// bits of all instruction sets that it includes.
bool includes(dnnl::cpu_isa isa, dnnl::cpu_isa part) {
  const auto bits = static_cast<unsigned>(part);
  return (static_cast<unsigned>(isa) & bits) == bits;
}

}  // namespace

Result<Isa> limit_isa(Isa limit) {
  if (limit != Isa::Amx) (void)dnnl::set_max_cpu_isa(isa_for(limit));
  const dnnl::cpu_isa effective = dnnl::get_effective_cpu_isa();
  Isa isa = Isa::Baseline;
  if (includes(effective, dnnl::cpu_isa::avx2)) isa = Isa::Avx2;
  if (includes(effective, dnnl::cpu_isa::avx2_vnni)) isa = Isa::Avx2Vnni;
  if (includes(effective, dnnl::cpu_isa::avx512_core)) isa = Isa::Avx512;
  if (includes(effective, dnnl::cpu_isa::avx512_core_bf16)) isa = Isa::Avx512Bf16;
  if (includes(effective, dnnl::cpu_isa::avx512_core_amx)) isa = Isa::Amx;
  if (isa > limit) {
    return fail(ErrorCode::Unsupported,
                "NPUWHISPER_MAX_ISA: oneDNN was used in this process before and stays at " +
                    std::string(to_string(isa)) + ", wanted " + std::string(to_string(limit)));
  }
  return isa;
}

bool has_vnni() {
  return includes(dnnl::get_effective_cpu_isa(), dnnl::cpu_isa::avx512_core_vnni);
}

std::string describe() {
  const dnnl_version_t* version = dnnl_version();
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  const char* name = includes(isa, dnnl::cpu_isa::avx512_core_amx)    ? "avx512_core_amx"
                     : includes(isa, dnnl::cpu_isa::avx512_core_bf16) ? "avx512_core_bf16"
                     : includes(isa, dnnl::cpu_isa::avx512_core_vnni) ? "avx512_core_vnni"
                     : includes(isa, dnnl::cpu_isa::avx512_core)      ? "avx512_core"
                     : includes(isa, dnnl::cpu_isa::avx2_vnni)        ? "avx2_vnni"
                     : includes(isa, dnnl::cpu_isa::avx2)             ? "avx2"
                                                                      : "sse41";
  return "oneDNN " + std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
         std::to_string(version->patch) + " " + name;
}

SingleThreaded::SingleThreaded() : before_(omp_get_max_threads()) {
  omp_set_num_threads(1);
}
SingleThreaded::~SingleThreaded() {
  omp_set_num_threads(before_);
}

}  // namespace npuwhisper::cpu::onednn
