// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <tuple>

#include "aie_api/emulation/round.h"
#include "aie_api/emulation/simd.h"
#include "aie_api/emulation/types.h"

namespace aie {

template <typename T, unsigned Elems = detail::native_length_v<T>>
class vector;

/// A reference to an element of a vector, through which the element can be assigned.
template <typename T, unsigned N>
class vector_elem_ref {
 public:
  __aie_inline vector_elem_ref(vector<T, N>& parent, unsigned index)
      : parent_(parent), index_(index) {}
  __aie_inline operator T() const { return parent_.get(index_); }
  __aie_inline T get() const { return parent_.get(index_); }
  __aie_inline vector_elem_ref& operator=(T value) {
    parent_.set(value, index_);
    return *this;
  }
  __aie_inline vector_elem_ref& operator=(const vector_elem_ref& other) {
    return *this = other.get();
  }
  vector_elem_ref(const vector_elem_ref&) = default;

 private:
  vector<T, N>& parent_;
  unsigned index_;
};

/// A vector register of Elems elements. A vector that was never written holds a recognisable
/// pattern (NaN, or 0xdb bytes).
template <typename T, unsigned Elems>
class vector {
  static_assert(detail::is_element_v<T>, "not an element type of AIE2 or AIE2P");
  static_assert(Elems * sizeof(T) >= 8 && Elems * sizeof(T) <= 1024,
                "no vector register has this size");

 public:
  using value_type = T;
  using lane_type = detail::LaneT<T>;
  using lanes_type = detail::Lanes<lane_type, Elems>;
  using native_type [[gnu::vector_size(sizeof(T) * Elems)]] = lane_type;

  static constexpr unsigned size() { return Elems; }
  static constexpr unsigned type_bits() { return sizeof(T) * 8; }
  static constexpr unsigned bits() { return Elems * type_bits(); }
  static constexpr unsigned bytes() { return Elems * sizeof(T); }
  static constexpr bool is_signed() { return !std::is_unsigned_v<T>; }
  static constexpr bool is_complex() { return false; }
  static constexpr bool is_real() { return true; }
  static constexpr bool is_integral() { return std::is_integral_v<T>; }
  static constexpr bool is_floating_point() { return detail::is_floating_v<T>; }

  __aie_inline vector() : lanes_(lanes_type::fill(kUnwritten)) {}
  __aie_inline explicit vector(const lanes_type& lanes) : lanes_(lanes) {}
  __aie_inline vector(const native_type& native) { std::memcpy(&lanes_, &native, sizeof(lanes_)); }
  template <typename... Values>
  requires(sizeof...(Values) + 1 <= Elems && (std::is_convertible_v<Values, T> && ...)) __aie_inline
      explicit vector(T first, Values... values)
      : vector() {
    unsigned i = 0;
    set(first, i++);
    (set(static_cast<T>(values), i++), ...);
  }

  __aie_inline const lanes_type& lanes() const { return lanes_; }
  __aie_inline lanes_type& lanes() { return lanes_; }

  __aie_inline native_type to_native() const {
    native_type r;
    std::memcpy(&r, &lanes_, sizeof(r));
    return r;
  }
  __aie_inline operator native_type() const { return to_native(); }

  __aie_inline T get(unsigned index) const {
    check_index(index);
    return detail::from_lane<T>(lanes_.get(index));
  }
  __aie_inline void set(T value, unsigned index) {
    check_index(index);
    lanes_.set(index, detail::to_lane(value));
  }
  __aie_inline T operator[](unsigned index) const { return get(index); }
  __aie_inline vector_elem_ref<T, Elems> operator[](unsigned index) { return {*this, index}; }
  __aie_inline vector_elem_ref<T, Elems> elem_ref(unsigned index) { return {*this, index}; }
  __aie_inline T elem_const_ref(unsigned index) const { return get(index); }

  /// Shifts all elements up by one and sets element 0 to `value`.
  __aie_inline vector& push(T value) {
    const vector old = *this;
    for (unsigned i = 1; i < Elems; ++i) lanes_.set(i, old.lanes_.get(i - 1));
    lanes_.set(0, detail::to_lane(value));
    return *this;
  }

  /// Returns elements [index * Out, index * Out + Out).
  template <unsigned Out>
  __aie_inline vector<T, Out> extract(unsigned index) const {
    static_assert(Out <= Elems);
    if (index >= Elems / Out) detail_trap_index();
    vector<T, Out> r;
    detail::unroll<Elems / Out>([&](auto i) __aie_inline {
      if (index == i) r.lanes() = detail::sub_lanes<Out, decltype(i)::value>(lanes_);
    });
    return r;
  }

  template <unsigned In>
  __aie_inline vector& insert(unsigned index, const vector<T, In>& v) {
    static_assert(In <= Elems);
    if (index >= Elems / In) detail_trap_index();
    detail::put_lanes(lanes_, index, v.lanes());
    return *this;
  }

  template <unsigned Out>
  __aie_inline vector<T, Out> grow(unsigned index = 0) const {
    static_assert(Out >= Elems);
    vector<T, Out> r;
    r.insert(index, *this);
    return r;
  }

  template <unsigned Out>
  __aie_inline vector<T, Out> grow_replicate() const {
    vector<T, Out> r;
    for (unsigned i = 0; i < Out / Elems; ++i) r.insert(i, *this);
    return r;
  }

  template <unsigned Out>
  __aie_inline vector<T, Out> grow_extract(unsigned index) const {
    if constexpr (Out > Elems) {
      return grow<Out>();
    } else {
      return extract<Out>(index);
    }
  }

  template <unsigned Out>
  __aie_inline auto split() const {
    return [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) __aie_inline {
      return std::make_tuple(this->template extract<Out>(I)...);
    }
    (std::make_integer_sequence<unsigned, Elems / Out>{});
  }

  /// Returns the vector's bits as elements of type U.
  template <typename U>
  __aie_inline auto cast_to() const {
    constexpr unsigned n = bytes() / sizeof(U);
    if constexpr (std::is_same_v<detail::LaneT<U>, lane_type>) {
      return vector<U, n>(lanes_);
    } else {
      return vector<U, n>(detail::reinterpret<detail::LaneT<U>>(lanes_));
    }
  }

  /// Returns the elements as integers of the next wider type, or of type U.
  template <typename U = std::conditional_t<sizeof(T) == 1,
                                            std::conditional_t<std::is_signed_v<T>, int16, uint16>,
                                            std::conditional_t<std::is_signed_v<T>, int32, uint32>>>
  __aie_inline vector<U, Elems> unpack() const {
    static_assert(std::is_integral_v<T> && sizeof(U) > sizeof(T));
    detail::count_vector_op(Elems * sizeof(U));
    return vector<U, Elems>(detail::convert<U>(lanes_));
  }
  template <typename U = int16>
  __aie_inline vector<U, Elems> unpack_sign(bool is_signed) const {
    if (is_signed) return cast_to<std::make_signed_t<T>>().template unpack<U>();
    return vector<U, Elems>(
        detail::convert<U>(detail::reinterpret<std::make_unsigned_t<T>>(lanes_)));
  }

  /// Returns the elements as integers of the next narrower type, or of type U, saturated or wrapped
  /// according to the saturation mode.
  template <typename U = std::conditional_t<sizeof(T) == 2,
                                            std::conditional_t<std::is_signed_v<T>, int8, uint8>,
                                            std::conditional_t<std::is_signed_v<T>, int16, uint16>>>
  __aie_inline vector<U, Elems> pack() const {
    static_assert(std::is_integral_v<T> && sizeof(U) < sizeof(T));
    detail::count_vector_op(bytes());
    using Wide = std::conditional_t<sizeof(T) == 2, std::int32_t, std::int64_t>;
    return vector<U, Elems>(detail::convert<U>(detail::saturate<U>(detail::convert<Wide>(lanes_))));
  }

  template <aie_dm_resource = aie_dm_resource::none>
  __aie_inline void load(const T* source);
  template <aie_dm_resource = aie_dm_resource::none>
  __aie_inline void store(T* target) const;
  template <aie_dm_resource = aie_dm_resource::none>
  __aie_inline void load_unaligned(const T* source, unsigned aligned_elems = 1);
  template <aie_dm_resource = aie_dm_resource::none>
  __aie_inline void store_unaligned(T* target, unsigned aligned_elems = 1) const;

 private:
  static constexpr lane_type kUnwritten = [] {
    if constexpr (std::is_same_v<T, float>) {
      return std::numeric_limits<float>::quiet_NaN();
    } else if constexpr (std::is_same_v<T, bfloat16>) {
      return std::uint16_t{0x7fc0};
    } else {
      return static_cast<lane_type>(0xdbdbdbdbdbdbdbdbULL);
    }
  }();

  __aie_inline static void check_index(unsigned index) {
    if (index >= Elems) npuwhisper_trap("a vector's element index is out of range");
  }
  __aie_inline static void detail_trap_index() {
    npuwhisper_trap("a subvector's index is out of range");
  }

  lanes_type lanes_;
};

template <typename T>
struct is_vector : std::false_type {};
template <typename T, unsigned N>
struct is_vector<vector<T, N>> : std::true_type {};

namespace detail {

/// A scalar operand of element type T: a number, or an element of a vector.
template <typename E, typename T>
concept ScalarFor = std::is_convertible_v<E, T> && !is_vector<std::remove_cvref_t<E>>::value &&
                    !std::is_pointer_v<std::remove_cvref_t<E>>;

/// Returns the lanes in the type used for arithmetic: f32 for bf16, T for all other types.
template <typename T, unsigned N>
__aie_inline inline auto compute_lanes(const vector<T, N>& v) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return bf16_to_float(v.lanes());
  } else {
    return v.lanes();
  }
}

template <typename T, typename L, unsigned N>
__aie_inline inline vector<T, N> from_compute_lanes(const Lanes<L, N>& lanes) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return vector<T, N>(round_to_bf16(lanes));
  } else {
    return vector<T, N>(lanes);
  }
}

}  // namespace detail
}  // namespace aie
