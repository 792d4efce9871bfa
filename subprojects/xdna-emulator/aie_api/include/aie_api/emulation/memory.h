// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/vector.h"

/// This header defines vector loads and stores. Each access is checked once as a whole: its
/// alignment, and whether the core can reach the memory.

namespace aie {

namespace detail {

template <typename T, unsigned N>
__aie_inline inline vector<T, N> read_vector(const T* source) {
  npuwhisper_core_state.loads += in_units_of(kLoadBytes, N * sizeof(T));
  using L = Lanes<LaneT<T>, N>;
  L lanes;
  unroll<L::kCount>([&](auto i) __aie_inline {
    lanes.c[i] = load_unseen<typename L::Chunk>(source + i * L::kPer);
  });
  return vector<T, N>(lanes);
}

template <typename T, unsigned N>
__aie_inline inline void write_vector(T* target, const vector<T, N>& v) {
  npuwhisper_core_state.stores += in_units_of(kLoadBytes, N * sizeof(T));
  using L = Lanes<LaneT<T>, N>;
  unroll<L::kCount>([&](auto i)
                        __aie_inline { store_unseen(target + i * L::kPer, v.lanes().c[i]); });
}

/// Checks an unaligned access. Its address must be a multiple of `aligned_elems` elements.
template <typename T>
__aie_inline inline void check_unaligned(const T* address, unsigned bytes, unsigned aligned_elems,
                                         bool is_write) {
  check_aligned_access(address, bytes, sizeof(T) * (aligned_elems ? aligned_elems : 1), is_write);
}

}  // namespace detail

template <unsigned Elems, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline vector<T, Elems> load_v(const T* source) {
  detail::check_aligned_access(source, Elems * sizeof(T), vector_ldst_align_v<T, Elems>, false);
  return detail::read_vector<T, Elems>(source);
}
template <aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline vector<T, native_vector_length_v<T>> load_v(const T* source) {
  return load_v<native_vector_length_v<T>>(source);
}

template <unsigned Elems, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline vector<T, Elems> load_unaligned_v(const T* source, unsigned aligned_elems = 1) {
  detail::check_unaligned(source, Elems * sizeof(T), aligned_elems, false);
  return detail::read_vector<T, Elems>(source);
}
template <aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline vector<T, native_vector_length_v<T>> load_unaligned_v(
    const T* source, unsigned aligned_elems = 1) {
  return load_unaligned_v<native_vector_length_v<T>>(source, aligned_elems);
}

/// Loads from the nearest address at or below `source` that is aligned to `n` elements.
template <unsigned Elems, aie_dm_resource = aie_dm_resource::none, typename T>
__aie_inline inline vector<T, Elems> load_floor_v(const T* source, unsigned n = Elems) {
  const auto address = reinterpret_cast<std::uintptr_t>(source);
  return load_v<Elems>(reinterpret_cast<const T*>(address - address % (n * sizeof(T))));
}

template <aie_dm_resource = aie_dm_resource::none, typename T, unsigned Elems>
__aie_inline inline T* store_v(T* target, const vector<T, Elems>& v) {
  detail::check_aligned_access(target, Elems * sizeof(T), vector_ldst_align_v<T, Elems>, true);
  detail::write_vector(target, v);
  return target;
}
template <aie_dm_resource = aie_dm_resource::none, typename T, unsigned Elems>
__aie_inline inline T* store_unaligned_v(T* target, const vector<T, Elems>& v,
                                         unsigned aligned_elems = 1) {
  detail::check_unaligned(target, Elems * sizeof(T), aligned_elems, true);
  detail::write_vector(target, v);
  return target;
}

template <typename T, unsigned Elems>
template <aie_dm_resource>
__aie_inline inline void vector<T, Elems>::load(const T* source) {
  *this = load_v<Elems>(source);
}
template <typename T, unsigned Elems>
template <aie_dm_resource>
__aie_inline inline void vector<T, Elems>::store(T* target) const {
  store_v(target, *this);
}
template <typename T, unsigned Elems>
template <aie_dm_resource>
__aie_inline inline void vector<T, Elems>::load_unaligned(const T* source, unsigned aligned_elems) {
  *this = load_unaligned_v<Elems>(source, aligned_elems);
}
template <typename T, unsigned Elems>
template <aie_dm_resource>
__aie_inline inline void vector<T, Elems>::store_unaligned(T* target,
                                                           unsigned aligned_elems) const {
  store_unaligned_v(target, *this, aligned_elems);
}

}  // namespace aie
