// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cassert>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "aie_api/emulation/compare.h"
#include "aie_api/emulation/memory.h"
#include "aie_api/emulation/permute.h"
#include "aie_api/emulation/tile.h"

/// This header defines the native vector types under the compiler's names, and the intrinsics that
/// published kernels use in addition to aie_api. Loop hints have no effect.

#define restrict __restrict
#define chess_prepare_for_pipelining
#define chess_loop_range(...)
#define chess_loop_count(...)
#define chess_min_loop_count(...)
#define chess_max_loop_count(...)
#define chess_unroll_loop(...)
#define chess_flatten_loop
#define chess_modulo_scheduling_budget_ratio(...)
#define chess_keep_sw_loop
#define chess_peel_pipelined_loop(...)
#define chess_storage(...)
#define chess_protect_access
#define chess_copy(x) x
#define chess_const(x) x
#define chess_manifest(x) false
#define chess_separator_scheduler(...)
#define chess_separator()
#define chess_memory_fence()
#define chess_report(...)
#define chess_alignof(type) alignof(type)
#define chess_allocate(...)

__aie_inline inline void event0() {}
__aie_inline inline void event1() {}
__aie_inline inline void done() {}

using v16int8 = aie::vector<int8, 16>;
using v32int8 = aie::vector<int8, 32>;
using v64int8 = aie::vector<int8, 64>;
using v128int8 = aie::vector<int8, 128>;
using v16uint8 = aie::vector<uint8, 16>;
using v32uint8 = aie::vector<uint8, 32>;
using v64uint8 = aie::vector<uint8, 64>;
using v128uint8 = aie::vector<uint8, 128>;
using v8int16 = aie::vector<int16, 8>;
using v16int16 = aie::vector<int16, 16>;
using v32int16 = aie::vector<int16, 32>;
using v64int16 = aie::vector<int16, 64>;
using v8uint16 = aie::vector<uint16, 8>;
using v16uint16 = aie::vector<uint16, 16>;
using v32uint16 = aie::vector<uint16, 32>;
using v64uint16 = aie::vector<uint16, 64>;
using v4int32 = aie::vector<int32, 4>;
using v8int32 = aie::vector<int32, 8>;
using v16int32 = aie::vector<int32, 16>;
using v32int32 = aie::vector<int32, 32>;
using v4uint32 = aie::vector<uint32, 4>;
using v8uint32 = aie::vector<uint32, 8>;
using v16uint32 = aie::vector<uint32, 16>;
using v32uint32 = aie::vector<uint32, 32>;
using v8bfloat16 = aie::vector<bfloat16, 8>;
using v16bfloat16 = aie::vector<bfloat16, 16>;
using v32bfloat16 = aie::vector<bfloat16, 32>;
using v64bfloat16 = aie::vector<bfloat16, 64>;
using v4float = aie::vector<float, 4>;
using v8float = aie::vector<float, 8>;
using v16float = aie::vector<float, 16>;
using v32float = aie::vector<float, 32>;
using v8accfloat = aie::accum<accfloat, 8>;
using v16accfloat = aie::accum<accfloat, 16>;
using v32accfloat = aie::accum<accfloat, 32>;
using v64accfloat = aie::accum<accfloat, 64>;
using v16acc32 = aie::accum<acc32, 16>;
using v32acc32 = aie::accum<acc32, 32>;
using v64acc32 = aie::accum<acc32, 64>;
using v8acc64 = aie::accum<acc64, 8>;
using v16acc64 = aie::accum<acc64, 16>;
using v32acc64 = aie::accum<acc64, 32>;

// The functions below return undefined vectors, zeros, or vectors with one value in all elements.
__aie_inline inline v16int32 undef_v16int32() {
  return {};
}
__aie_inline inline v32int32 undef_v32int32() {
  return {};
}
__aie_inline inline v64uint8 undef_v64uint8() {
  return {};
}
__aie_inline inline v32bfloat16 undef_v32bfloat16() {
  return {};
}
__aie_inline inline v16int32 broadcast_to_v16int32(int32 v) {
  return aie::broadcast<int32, 16>(v);
}
__aie_inline inline v32int16 broadcast_to_v32int16(int16 v) {
  return aie::broadcast<int16, 32>(v);
}
__aie_inline inline v64int8 broadcast_to_v64int8(int8 v) {
  return aie::broadcast<int8, 64>(v);
}
__aie_inline inline v64uint8 broadcast_to_v64uint8(uint8 v) {
  return aie::broadcast<uint8, 64>(v);
}
__aie_inline inline v32bfloat16 broadcast_to_v32bfloat16(bfloat16 v) {
  return aie::broadcast<bfloat16, 32>(v);
}
__aie_inline inline v16float broadcast_to_v16float(float v) {
  return aie::broadcast<float, 16>(v);
}
__aie_inline inline v32bfloat16 broadcast_zero_bfloat16() {
  return aie::zeros<bfloat16, 32>();
}
__aie_inline inline v32bfloat16 broadcast_zero_to_v32bfloat16() {
  return aie::zeros<bfloat16, 32>();
}
__aie_inline inline v32bfloat16 broadcast_one_to_v32bfloat16() {
  return aie::broadcast<bfloat16, 32>(1.0F);
}

// The functions below access elements and parts of vectors, and convert vectors.
template <typename T, unsigned N>
__aie_inline inline T ext_elem(const aie::vector<T, N>& v, unsigned index) {
  return v.get(index % N);
}
template <typename T, unsigned N>
__aie_inline inline T extract_elem(const aie::vector<T, N>& v, unsigned index) {
  return v.get(index % N);
}
template <typename T, unsigned N, typename E>
__aie_inline inline aie::vector<T, N> upd_elem(aie::vector<T, N> v, unsigned index, E value) {
  v.set(static_cast<T>(value), index % N);
  return v;
}
template <typename T, unsigned N, unsigned M>
__aie_inline inline aie::vector<T, N> insert(aie::vector<T, N> v, unsigned index,
                                             const aie::vector<T, M>& part) {
  v.insert(index, part);
  return v;
}
__aie_inline inline v16bfloat16 to_v16bfloat16(const v16accfloat& a) {
  return a.to_vector<bfloat16>();
}
__aie_inline inline v32bfloat16 to_v32bfloat16(const v32accfloat& a) {
  return a.to_vector<bfloat16>();
}
__aie_inline inline v16accfloat ups_to_v16accfloat(const v16bfloat16& v) {
  return v16accfloat(v);
}

/// Concatenates a and b, and returns a vector of the bytes from byte n on. Traps if n bytes are not
/// a whole number of elements.
template <typename T, unsigned N>
__aie_inline inline aie::vector<T, N> shift_bytes(const aie::vector<T, N>& a,
                                                  const aie::vector<T, N>& b, unsigned n) {
  if (n % sizeof(T) != 0)
    npuwhisper_trap("shift_bytes: the shift is not a whole number of elements");
  return aie::shuffle_down_fill(a, b, n / static_cast<unsigned>(sizeof(T)));
}

template <typename T, unsigned N>
__aie_inline inline aie::vector<T, N> band(const aie::vector<T, N>& a, const aie::vector<T, N>& b) {
  return aie::bit_and(a, b);
}
template <typename T, unsigned N>
__aie_inline inline aie::vector<T, N> bor(const aie::vector<T, N>& a, const aie::vector<T, N>& b) {
  return aie::bit_or(a, b);
}
template <typename T, unsigned N>
__aie_inline inline aie::vector<T, N> bxor(const aie::vector<T, N>& a, const aie::vector<T, N>& b) {
  return aie::bit_xor(a, b);
}

/// The mode of shuffle(). The shuffle takes 1024 bits (two vectors) or 512 bits as a matrix of
/// rows x columns elements, and returns the low or the high half of the transposed matrix.
enum ShuffleMode : std::uint32_t {};
namespace aie::detail {
constexpr ShuffleMode shuffle_mode(unsigned bytes, unsigned rows, unsigned columns, unsigned half) {
  return static_cast<ShuffleMode>(bytes << 24 | rows << 16 | columns << 8 | half);
}
}  // namespace aie::detail
inline constexpr ShuffleMode T8_64x2_lo = aie::detail::shuffle_mode(1, 64, 2, 0);
inline constexpr ShuffleMode T8_64x2_hi = aie::detail::shuffle_mode(1, 64, 2, 1);
inline constexpr ShuffleMode T8_2x64_lo = aie::detail::shuffle_mode(1, 2, 64, 0);
inline constexpr ShuffleMode T8_2x64_hi = aie::detail::shuffle_mode(1, 2, 64, 1);
inline constexpr ShuffleMode T16_32x2_lo = aie::detail::shuffle_mode(2, 32, 2, 0);
inline constexpr ShuffleMode T16_32x2_hi = aie::detail::shuffle_mode(2, 32, 2, 1);
inline constexpr ShuffleMode T16_2x32_lo = aie::detail::shuffle_mode(2, 2, 32, 0);
inline constexpr ShuffleMode T16_2x32_hi = aie::detail::shuffle_mode(2, 2, 32, 1);
inline constexpr ShuffleMode T16_16x4_lo = aie::detail::shuffle_mode(2, 16, 4, 0);
inline constexpr ShuffleMode T16_16x4_hi = aie::detail::shuffle_mode(2, 16, 4, 1);
inline constexpr ShuffleMode T16_4x16_lo = aie::detail::shuffle_mode(2, 4, 16, 0);
inline constexpr ShuffleMode T16_4x16_hi = aie::detail::shuffle_mode(2, 4, 16, 1);
inline constexpr ShuffleMode T16_8x8_lo = aie::detail::shuffle_mode(2, 8, 8, 0);
inline constexpr ShuffleMode T16_8x8_hi = aie::detail::shuffle_mode(2, 8, 8, 1);
inline constexpr ShuffleMode T16_8x4 = aie::detail::shuffle_mode(2, 8, 4, 0);
inline constexpr ShuffleMode T16_4x8 = aie::detail::shuffle_mode(2, 4, 8, 0);
inline constexpr ShuffleMode T32_16x2_lo = aie::detail::shuffle_mode(4, 16, 2, 0);
inline constexpr ShuffleMode T32_16x2_hi = aie::detail::shuffle_mode(4, 16, 2, 1);
inline constexpr ShuffleMode T32_2x16_lo = aie::detail::shuffle_mode(4, 2, 16, 0);
inline constexpr ShuffleMode T32_2x16_hi = aie::detail::shuffle_mode(4, 2, 16, 1);
inline constexpr ShuffleMode T32_8x4_lo = aie::detail::shuffle_mode(4, 8, 4, 0);
inline constexpr ShuffleMode T32_8x4_hi = aie::detail::shuffle_mode(4, 8, 4, 1);
inline constexpr ShuffleMode T32_4x8_lo = aie::detail::shuffle_mode(4, 4, 8, 0);
inline constexpr ShuffleMode T32_4x8_hi = aie::detail::shuffle_mode(4, 4, 8, 1);
inline constexpr ShuffleMode T32_4x4 = aie::detail::shuffle_mode(4, 4, 4, 0);
inline constexpr ShuffleMode T64_8x2_lo = aie::detail::shuffle_mode(8, 8, 2, 0);
inline constexpr ShuffleMode T64_8x2_hi = aie::detail::shuffle_mode(8, 8, 2, 1);
inline constexpr ShuffleMode T64_2x8_lo = aie::detail::shuffle_mode(8, 2, 8, 0);
inline constexpr ShuffleMode T64_2x8_hi = aie::detail::shuffle_mode(8, 2, 8, 1);

template <typename T, unsigned N>
requires(N * sizeof(T) == 64) __aie_inline
    inline aie::vector<T, N> shuffle(const aie::vector<T, N>& a, const aie::vector<T, N>& b,
                                     ShuffleMode mode) {
  aie::detail::count_vector_op(64);
  const unsigned bytes = mode >> 24;
  const unsigned rows = mode >> 16 & 0xff;
  const unsigned columns = mode >> 8 & 0xff;
  std::uint8_t in[128];
  std::uint8_t out[128];
  std::memcpy(in, &a, 64);
  std::memcpy(in + 64, &b, 64);
  for (unsigned i = 0; i < rows * columns; ++i) {
    const unsigned from = i % rows * columns + i / rows;
    std::memcpy(out + i * bytes, in + from * bytes, bytes);
  }
  aie::vector<T, N> r;
  std::memcpy(&r, out + 64 * (mode & 0xff), 64);
  return r;
}

template <unsigned N>
__aie_inline inline aie::accum<accfloat, N> mul_elem_64(const aie::vector<bfloat16, N>& a,
                                                        const aie::vector<bfloat16, N>& b) {
  static_assert(N == 64);
  return aie::mul<accfloat>(a, b);
}

// Cascade intrinsics. Each call of a hook transfers 512 bits.
namespace aie::detail {
template <typename V>
__aie_inline inline void to_cascade(const V& v) {
  const NpuWhisperCoreState& state = npuwhisper_core_state;
  if (!state.put_cascade) npuwhisper_trap("put_mcd: this core's kernels cannot use the cascade");
  for (std::size_t i = 0; i < sizeof(v); i += 64) {
    state.put_cascade(state.core, reinterpret_cast<const char*>(&v) + i, 64);
  }
}
template <typename V>
__aie_inline inline V from_cascade() {
  const NpuWhisperCoreState& state = npuwhisper_core_state;
  if (!state.get_cascade) npuwhisper_trap("get_scd: this core's kernels cannot use the cascade");
  V v;
  for (std::size_t i = 0; i < sizeof(v); i += 64) {
    state.get_cascade(state.core, reinterpret_cast<char*>(&v) + i, 64);
  }
  return v;
}
}  // namespace aie::detail
template <typename T, unsigned N>
__aie_inline inline void put_mcd(const aie::vector<T, N>& v, int = 1) {
  static_assert(N * sizeof(T) % 64 == 0, "the cascade carries 512 bits");
  aie::detail::to_cascade(v.lanes());
}
template <typename Tag, unsigned N>
__aie_inline inline void put_mcd(const aie::accum<Tag, N>& a, int = 1) {
  aie::detail::to_cascade(a.lanes());
}
__aie_inline inline v16int32 get_scd_v16int32(int = 1) {
  return v16int32(aie::detail::from_cascade<v16int32::lanes_type>());
}
__aie_inline inline v32int32 get_scd_v32int32(int = 1) {
  return v32int32(aie::detail::from_cascade<v32int32::lanes_type>());
}
__aie_inline inline v16accfloat get_scd_v16accfloat(int = 1) {
  return v16accfloat(aie::detail::from_cascade<v16accfloat::lanes_type>());
}
__aie_inline inline v16acc32 get_scd_v16acc32(int = 1) {
  return v16acc32(aie::detail::from_cascade<v16acc32::lanes_type>());
}

// Stream intrinsics. Each call transfers one 32-bit word.
__aie_inline inline void put_ms(int port, int word, int last = 0) {
  const NpuWhisperCoreState& state = npuwhisper_core_state;
  if (!state.put_stream) npuwhisper_trap("put_ms: this core's kernels cannot use streams");
  state.put_stream(state.core, port, static_cast<std::uint32_t>(word), last != 0);
}
__aie_inline inline int get_ss(int port) {
  const NpuWhisperCoreState& state = npuwhisper_core_state;
  if (!state.get_stream) npuwhisper_trap("get_ss: this core's kernels cannot use streams");
  return static_cast<int>(state.get_stream(state.core, port));
}
