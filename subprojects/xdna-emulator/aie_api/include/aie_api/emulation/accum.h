// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/vector.h"

namespace aie {

enum class AccumClass { Int, FP };

template <typename T, unsigned Elems>
class block_vector;

/// A vector of accumulators. Reading a vector that was never written traps.
template <typename Tag, unsigned Elems>
class accum {
 public:
  using value_type = Tag;
  using lane_type = detail::AccumLaneT<Tag>;
  using lanes_type = detail::Lanes<lane_type, Elems>;

  static constexpr unsigned size() { return Elems; }
  static constexpr unsigned value_bits() { return sizeof(lane_type) * 8; }
  static constexpr unsigned accum_bits() { return value_bits(); }
  static constexpr unsigned memory_bits() { return value_bits(); }
  static constexpr unsigned bits() { return Elems * value_bits(); }
  static constexpr bool is_floating_point() { return std::is_same_v<Tag, accfloat>; }
  static constexpr bool is_complex() { return false; }
  static constexpr bool is_real() { return true; }
  static constexpr AccumClass value_class() {
    return is_floating_point() ? AccumClass::FP : AccumClass::Int;
  }

  __aie_inline accum() : written_(false) {}
  __aie_inline explicit accum(const lanes_type& lanes) : lanes_(lanes), written_(true) {}
  template <typename T>
  __aie_inline explicit accum(const vector<T, Elems>& v, int shift = 0) : written_(false) {
    from_vector(v, shift);
  }
  template <typename Tag2>
  requires(std::is_same_v<detail::AccumLaneT<Tag2>, lane_type> &&
           !std::is_same_v<Tag, Tag2>) __aie_inline accum(const accum<Tag2, Elems>& other)
      : lanes_(other.lanes()), written_(true) {}

  __aie_inline const lanes_type& lanes() const {
    if (!written_) npuwhisper_trap("read of an accumulator that was never written");
    return lanes_;
  }

  /// Copies the values of a block vector.
  template <typename T>
  requires(detail::is_block_type_v<T>&& std::is_same_v<Tag, accfloat>) __aie_inline
      explicit accum(const block_vector<T, Elems>& v)
      : lanes_(v.lanes()), written_(true) {
    detail::count_vector_op(sizeof(lanes_));
  }

  /// Copies the values of a vector. Shifts integers up by `shift`. bf16 and f32 values stay
  /// unchanged. f32 values cost no operation, because vectors and float accumulators share
  /// registers.
  template <typename T>
  __aie_inline void from_vector(const vector<T, Elems>& v, int shift = 0) {
    if constexpr (!std::is_same_v<T, float>) detail::count_vector_op(sizeof(lanes_));
    if constexpr (is_floating_point()) {
      static_assert(detail::is_floating_v<T>, "a float accumulator takes bfloat16 or float");
      lanes_ = detail::compute_lanes(v);
    } else {
      static_assert(std::is_integral_v<T>, "an integer accumulator takes integers");
      if (shift < -63 || shift > 63) npuwhisper_trap("an upshift is outside -63 .. 63");
      const auto wide = detail::convert<std::int64_t>(v.lanes());
      lanes_ = detail::convert<lane_type>(detail::map(
          wide, [&](auto x) __aie_inline { return shift >= 0 ? x << shift : x >> -shift; }));
    }
    written_ = true;
  }

  /// Returns the values as a vector. Integer values are shifted down by `shift`, rounded and
  /// saturated. Float values are returned unchanged as float, or rounded to bfloat16 or block
  /// floating point. For T = float, a 32-bit integer accumulator returns its bits unchanged.
  template <typename T>
  requires(detail::is_block_type_v<T>&& std::is_same_v<Tag, accfloat>)
      __aie_inline block_vector<T, Elems> to_vector(int = 0)
  const;
  template <typename T>
  requires(!detail::is_block_type_v<T>) __aie_inline vector<T, Elems> to_vector(int shift = 0)
  const {
    if constexpr (!std::is_same_v<T, float>) detail::count_vector_op(sizeof(lanes_));
    if constexpr (is_floating_point()) {
      static_assert(detail::is_floating_v<T>,
                    "a float accumulator gives bfloat16 or float; integers by to_fixed");
      return detail::from_compute_lanes<T>(lanes());
    } else if constexpr (std::is_same_v<T, float> && sizeof(lane_type) == 4) {
      return vector<T, Elems>(detail::reinterpret<float>(lanes()));
    } else {
      static_assert(std::is_integral_v<T>, "an integer accumulator gives integers");
      return vector<T, Elems>(detail::shift_round_saturate<T>(lanes(), shift));
    }
  }
  __aie_inline vector<float, Elems> to_vector() const requires(std::is_same_v<Tag, accfloat>) {
    return to_vector<float>();
  }
  template <typename T>
  __aie_inline vector<T, Elems> to_vector_sign(bool is_signed, int shift = 0) const {
    if constexpr (std::is_integral_v<T>) {
      if (is_signed) {
        return to_vector<std::make_signed_t<T>>(shift).template cast_to<T>();
      }
      return to_vector<std::make_unsigned_t<T>>(shift).template cast_to<T>();
    } else {
      return to_vector<T>(shift);
    }
  }
  template <typename T>
  requires(std::is_same_v<Tag, accfloat>&& detail::is_floating_v<T>) __aie_inline
  operator vector<T, Elems>() const {
    return to_vector<T>();
  }
  /// Copies the values of a vector. f32 vectors and 32-bit accumulators share registers, so the
  /// bits of an f32 vector are copied unchanged, even into an integer accumulator.
  template <typename T>
  requires(detail::is_floating_v<T>) __aie_inline accum& operator=(const vector<T, Elems>& v) {
    if constexpr (is_floating_point()) {
      from_vector(v);
    } else {
      static_assert(std::is_same_v<T, float> && sizeof(lane_type) == 4);
      lanes_ = detail::reinterpret<lane_type>(v.lanes());
      written_ = true;
    }
    return *this;
  }

  template <unsigned Out>
  __aie_inline accum<Tag, Out> extract(unsigned index) const {
    static_assert(Out <= Elems);
    if (index >= Elems / Out) npuwhisper_trap("a subaccumulator's index is out of range");
    detail::Lanes<lane_type, Out> r{};
    detail::unroll<Elems / Out>([&](auto i) __aie_inline {
      if (index == i) r = detail::sub_lanes<Out, decltype(i)::value>(lanes());
    });
    return accum<Tag, Out>(r);
  }
  template <unsigned In, typename Tag2>
  __aie_inline accum& insert(unsigned index, const accum<Tag2, In>& a) {
    static_assert(In <= Elems);
    if (index >= Elems / In) npuwhisper_trap("a subaccumulator's index is out of range");
    if (!written_) lanes_ = lanes_type::fill(lane_type{});
    detail::put_lanes(lanes_, index, a.lanes());
    written_ = true;
    return *this;
  }
  template <unsigned Out>
  __aie_inline accum<Tag, Out> grow() const {
    accum<Tag, Out> r;
    r.insert(0, *this);
    return r;
  }
  template <unsigned Out>
  __aie_inline accum<Tag, Out> grow_replicate() const {
    accum<Tag, Out> r;
    for (unsigned i = 0; i < Out / Elems; ++i) r.insert(i, *this);
    return r;
  }
  template <unsigned Out>
  __aie_inline accum<Tag, Out> grow_extract(unsigned index) const {
    if constexpr (Out > Elems) {
      return grow<Out>();
    } else {
      return extract<Out>(index);
    }
  }

  /// Returns the bits of the accumulators as accumulators with the tag Tag2.
  template <typename Tag2>
  __aie_inline auto cast_to() const {
    using Lane2 = detail::AccumLaneT<Tag2>;
    return accum<Tag2, Elems * sizeof(lane_type) / sizeof(Lane2)>(
        detail::reinterpret<Lane2>(lanes()));
  }

 private:
  lanes_type lanes_;
  bool written_;
};

template <typename T>
struct is_accum : std::false_type {};
template <typename Tag, unsigned N>
struct is_accum<accum<Tag, N>> : std::true_type {};

/// Returns a vector's bits as an accumulator, or an accumulator's bits as a vector.
template <typename To, typename T, unsigned N>
__aie_inline inline auto vector_cast(const vector<T, N>& v) {
  if constexpr (detail::is_accum_tag_v<To>) {
    using Lane = detail::AccumLaneT<To>;
    return accum<To, N * sizeof(T) / sizeof(Lane)>(detail::reinterpret<Lane>(v.lanes()));
  } else {
    return v.template cast_to<To>();
  }
}
template <typename To, typename Tag, unsigned N>
__aie_inline inline auto vector_cast(const accum<Tag, N>& a) {
  using Lane = detail::LaneT<To>;
  return vector<To, N * sizeof(detail::AccumLaneT<Tag>) / sizeof(To)>(
      detail::reinterpret<Lane>(a.lanes()));
}

template <typename T, typename Acc>
requires(is_accum<Acc>::value) __aie_inline inline auto to_vector(const Acc& acc, int shift = 0) {
  return acc.template to_vector<T>(shift);
}

template <typename Tag, typename T, unsigned N>
__aie_inline inline accum<Tag, N> from_vector(const vector<T, N>& v, int shift = 0) {
  return accum<Tag, N>(v, shift);
}

}  // namespace aie
