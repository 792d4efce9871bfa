// SPDX-License-Identifier: LGPL-2.1-or-later
// Highway has no target for AVX-VNNI, and Highway 1.0.3 has none for AVX-512 VNNI, so this file
// chooses the instructions itself.
#include "simd/int8_kernels.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <hwy/base.h>
#include <hwy/cache_control.h>

#include "simd/isa.h"

#if defined(__x86_64__)
// GCC 12's intrinsics read an intentionally uninitialised variable (GCC bug 105593).
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <cpuid.h>
#include <immintrin.h>
#endif

// Unrolls the next loop completely. The compilers keep the sums of a tile in registers only if the
// loops over the tile are unrolled.
#if defined(__clang__)
#define NPUWHISPER_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NPUWHISPER_UNROLL _Pragma("GCC unroll 16")
#endif

namespace npuwhisper::cpu {
namespace {

/// One group of a product: at most 64 successive k, for all rows and for a panel.
struct Group {
  const std::int8_t* parts;      // the rows' parts, Int8Rows::kGroupBytes apart
  const float* row_scales;       // [rows]
  const std::int32_t* row_sums;  // [rows]: sums of the rows' integers
  const std::uint8_t* weights;
  const float* scales;  // [64 columns]; nullptr: all are 1
  std::size_t depth;    // number of k, rounded up to a multiple of kInt8Depth
  bool is_first;        // whether the products replace the values in `sums`
};

Group group_of(const Int8Rows& rows, std::size_t g, const std::uint8_t* panel,
               const float* scales) {
  const std::size_t first = g * kScaleGroup;
  return {.parts = rows.parts(g),
          .row_scales = rows.scales(g),
          .row_sums = rows.sums(g),
          .weights = panel + first * kPanelColumns,
          .scales = scales != nullptr ? scales + g * kPanelColumns : nullptr,
          .depth = round_up(std::min(kScaleGroup, rows.k() - first), kInt8Depth),
          .is_first = g == 0};
}

// Memory limits the speed of a product of few rows. The CPU's own prefetcher stops at the end of a
// page, so the kernels prefetch the panel this many bytes ahead.
constexpr std::size_t kPrefetchDistance = 4096;

/// Prefetches the cache line kPrefetchDistance bytes after `p`, even if this line lies outside the
/// panel.
HWY_INLINE void prefetch_ahead(const std::uint8_t* p) {
  const auto address = reinterpret_cast<std::uintptr_t>(p) + kPrefetchDistance;
  hwy::Prefetch(reinterpret_cast<const std::byte*>(address));
}

/// Prefetches the group of weights kPrefetchDistance bytes after `group`.
HWY_INLINE void prefetch_group(const Group& group) {
  constexpr std::size_t kCacheLine = 64;
  for (std::size_t i = 0; i < kScaleGroup * kPanelColumns; i += kCacheLine) {
    prefetch_ahead(group.weights + i);
  }
}

HWY_INLINE int four_bytes(const std::int8_t* p) {
  int word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

namespace portable {

/// Arithmetic on one column at a time.
struct Simd {
  static constexpr bool kSeparateSums = false;
  static constexpr std::size_t kLanes = 1;
  static constexpr std::size_t kRows = 1;
  static constexpr std::size_t vectors(std::size_t /*rows*/) { return 16; }
  using Bytes = const std::uint8_t*;
  using Part = const std::int8_t*;
  using Ints = std::int32_t;
  static Bytes load(const std::uint8_t* p) { return p; }
  static Part broadcast(const std::int8_t* p) { return p; }
  static Ints set(std::int32_t value) { return value; }
  static Ints add_lower(Ints sum, Bytes w, Part part) {
    for (std::size_t i = 0; i < kInt8Depth; ++i) sum += w[i] * part[i];
    return sum;
  }
  static Ints add_upper(Ints sum, Bytes w, Part part) {
    return sum + Int8Rows::kUpperFactor * add_lower(0, w, part);
  }
  static Ints combine(Ints /*upper*/, Ints lower) { return lower; }
  static void add_scaled(Ints sum, const float* scales, float row_scale, bool is_first, float* to) {
    const float scale = scales != nullptr ? row_scale * *scales : row_scale;
    *to = (is_first ? 0.0F : *to) + static_cast<float>(sum) * scale;
  }
};

#include "simd/int8_kernels-inl.h"

}  // namespace portable

#if defined(__x86_64__)

HWY_PUSH_ATTRIBUTES("avx2,fma")
namespace avx2 {

/// The operations that all instruction sets with 256 bits share.
struct Vectors {
  static constexpr std::size_t kLanes = 8;
  using Bytes = __m256i;
  using Ints = __m256i;
  static HWY_INLINE Bytes load(const std::uint8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static HWY_INLINE Bytes broadcast(const std::int8_t* p) {
    return _mm256_set1_epi32(four_bytes(p));
  }
  static HWY_INLINE Ints set(std::int32_t value) { return _mm256_set1_epi32(value); }
  static HWY_INLINE void add_scaled(Ints sum, const float* scales, float row_scale, bool is_first,
                                    float* to) {
    __m256 scale = _mm256_set1_ps(row_scale);
    if (scales != nullptr) scale = _mm256_mul_ps(scale, _mm256_loadu_ps(scales));
    const __m256 before = is_first ? _mm256_setzero_ps() : _mm256_loadu_ps(to);
    _mm256_storeu_ps(to, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scale, before));
  }
};

struct Simd : Vectors {
  static constexpr bool kSeparateSums = false;
  static constexpr std::size_t kRows = 4;
  static constexpr std::size_t vectors(std::size_t rows) { return rows == 1 ? 4 : 2; }
  static HWY_INLINE Ints add_lower(Ints sum, Bytes w, Bytes part) {
    const __m256i one = _mm256_set1_epi16(1);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(w, part), one));
  }
  static HWY_INLINE Ints add_upper(Ints sum, Bytes w, Bytes part) {
    const __m256i factor = _mm256_set1_epi16(Int8Rows::kUpperFactor);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(w, part), factor));
  }
  static HWY_INLINE Ints combine(Ints /*upper*/, Ints lower) { return lower; }
};

#include "simd/int8_kernels-inl.h"

}  // namespace avx2
HWY_POP_ATTRIBUTES

HWY_PUSH_ATTRIBUTES("avx2,fma,avxvnni")
namespace avx_vnni {

struct Simd : avx2::Vectors {
  static constexpr bool kSeparateSums = true;
  static constexpr std::size_t kRows = 3;
  static constexpr std::size_t vectors(std::size_t rows) { return rows == 1 ? 4 : 2; }
  static HWY_INLINE Ints add_lower(Ints sum, Bytes w, Bytes part) {
    return _mm256_dpbusd_avx_epi32(sum, w, part);
  }
  static HWY_INLINE Ints add_upper(Ints sum, Bytes w, Bytes part) {
    return _mm256_dpbusd_avx_epi32(sum, w, part);
  }
  static HWY_INLINE Ints combine(Ints upper, Ints lower) {
    return _mm256_add_epi32(_mm256_slli_epi32(upper, 7), lower);
  }
};

#include "simd/int8_kernels-inl.h"

}  // namespace avx_vnni
HWY_POP_ATTRIBUTES

HWY_PUSH_ATTRIBUTES("avx512f,avx512bw,avx512vl,avx512vnni")
namespace avx512_vnni {

struct Simd {
  static constexpr bool kSeparateSums = true;
  static constexpr std::size_t kLanes = 16;
  static constexpr std::size_t kRows = 6;
  static constexpr std::size_t vectors(std::size_t rows) { return rows <= 3 ? 4 : 2; }
  using Bytes = __m512i;
  using Ints = __m512i;
  static HWY_INLINE Bytes load(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  static HWY_INLINE Bytes broadcast(const std::int8_t* p) {
    return _mm512_set1_epi32(four_bytes(p));
  }
  static HWY_INLINE Ints set(std::int32_t value) { return _mm512_set1_epi32(value); }
  static HWY_INLINE Ints add_lower(Ints sum, Bytes w, Bytes part) {
    return _mm512_dpbusd_epi32(sum, w, part);
  }
  static HWY_INLINE Ints add_upper(Ints sum, Bytes w, Bytes part) {
    return _mm512_dpbusd_epi32(sum, w, part);
  }
  static HWY_INLINE Ints combine(Ints upper, Ints lower) {
    return _mm512_add_epi32(_mm512_slli_epi32(upper, 7), lower);
  }
  static HWY_INLINE void add_scaled(Ints sum, const float* scales, float row_scale, bool is_first,
                                    float* to) {
    __m512 scale = _mm512_set1_ps(row_scale);
    if (scales != nullptr) scale = _mm512_mul_ps(scale, _mm512_loadu_ps(scales));
    const __m512 before = is_first ? _mm512_setzero_ps() : _mm512_loadu_ps(to);
    _mm512_storeu_ps(to, _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, before));
  }
};

#include "simd/int8_kernels-inl.h"

}  // namespace avx512_vnni
HWY_POP_ATTRIBUTES

/// Returns whether the CPU has AVX-VNNI, for which older compilers' __builtin_cpu_supports() cannot
/// test.
bool has_avx_vnni() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kAvxVnni = 1U << 4;
  return __builtin_cpu_supports("avx2") != 0 && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 &&
         (a & kAvxVnni) != 0;
}

bool has_avx512_vnni() {
  return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
         __builtin_cpu_supports("avx512vnni") != 0;
}

#endif

/// Returns the lowest value of NPUWHISPER_MAX_ISA that allows `isa`.
Isa least_limit(Int8Isa isa) {
  switch (isa) {
    case Int8Isa::Portable:
      return Isa::Baseline;
    case Int8Isa::Avx2:
      return Isa::Avx2;
    case Int8Isa::AvxVnni:
      return Isa::Avx2Vnni;
    case Int8Isa::Avx512Vnni:
      break;
  }
  return Isa::Avx512;
}

}  // namespace

std::string_view to_string(Int8Isa isa) {
  constexpr std::array<std::string_view, 4> kNames = {"portable", "avx2", "avx_vnni",
                                                      "avx512_vnni"};
  return kNames[static_cast<std::size_t>(isa)];
}

std::vector<Int8Isa> available_int8_isas() {
  std::vector<Int8Isa> isas = {Int8Isa::Portable};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    isas.push_back(Int8Isa::Avx2);
    if (has_avx_vnni()) isas.push_back(Int8Isa::AvxVnni);
    if (has_avx512_vnni()) isas.push_back(Int8Isa::Avx512Vnni);
  }
#endif
  return isas;
}

Int8Isa best_int8_isa() {
  static const Int8Isa best = [] {
    const auto limit = select_isa();
    Int8Isa isa = Int8Isa::Portable;
    for (const Int8Isa candidate : available_int8_isas()) {
      if (limit && least_limit(candidate) <= *limit) isa = candidate;
    }
    return isa;
  }();
  return best;
}

void multiply_int8(Int8Isa isa, const Int8Rows& rows, const std::uint8_t* panel,
                   const float* scales, float* sums) {
  switch (isa) {
#if defined(__x86_64__)
    case Int8Isa::Avx2:
      return avx2::multiply(rows, panel, scales, sums);
    case Int8Isa::AvxVnni:
      return avx_vnni::multiply(rows, panel, scales, sums);
    case Int8Isa::Avx512Vnni:
      return avx512_vnni::multiply(rows, panel, scales, sums);
#endif
    default:
      return portable::multiply(rows, panel, scales, sums);
  }
}

}  // namespace npuwhisper::cpu
