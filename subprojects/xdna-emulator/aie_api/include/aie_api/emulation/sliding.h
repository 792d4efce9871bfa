// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/arithmetic.h"

/// This header defines sums of products over several vectors, and filters that slide over one
/// vector.

namespace aie {

/// Returns acc + coeff[start] * first + coeff[start + 1] * next ...
template <unsigned Lanes, typename Tag, typename C, unsigned NC, typename T, unsigned N,
          typename... More>
__aie_inline inline accum<Tag, Lanes> accumulate(const accum<Tag, Lanes>& acc,
                                                 const vector<C, NC>& coeff, unsigned start,
                                                 const vector<T, N>& first, const More&... next) {
  accum<Tag, Lanes> sum = acc;
  unsigned i = start;
  sum = mac(sum, first, coeff.get(i++ % NC));
  ((sum = mac(sum, next, coeff.get(i++ % NC))), ...);
  return sum;
}
template <unsigned Lanes, typename Tag = accauto, typename C, unsigned NC, typename T, unsigned N,
          typename... More>
__aie_inline inline auto accumulate(const vector<C, NC>& coeff, unsigned start,
                                    const vector<T, N>& first, const More&... next) {
  using Used = detail::accum_tag_or_default_t<Tag, T, C>;
  return accumulate<Lanes>(zeros<Used, Lanes>(), coeff, start, first, next...);
}

/// Sliding products. Lane i is the sum over p of coeff[coeff_start + p * CoeffStep] *
/// data[data_start + i * DataStepY + p * DataStepX]. Indices wrap within their vectors.
template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepX, int DataStepY, typename C,
          typename T, typename Tag = accauto>
struct sliding_mul_ops {
  using accum_tag = detail::accum_tag_or_default_t<Tag, C, T>;
  using accum_type = accum<accum_tag, Lanes>;
  static constexpr unsigned lanes = Lanes;
  static constexpr unsigned points = Points;

  template <unsigned NC, unsigned N>
  __aie_inline static accum_type mac(const accum_type& acc, const vector<C, NC>& coeff,
                                     unsigned coeff_start, const vector<T, N>& data,
                                     unsigned data_start) {
    auto sum = acc.lanes();
    using Lane = typename accum_type::lane_type;
    for (unsigned p = 0; p < Points; ++p) {
      const unsigned c = (coeff_start + p * static_cast<unsigned>(CoeffStep)) % NC;
      const auto factor = static_cast<Lane>(coeff.get(c));
      for (unsigned i = 0; i < Lanes; ++i) {
        const unsigned d = (data_start + i * static_cast<unsigned>(DataStepY) +
                            p * static_cast<unsigned>(DataStepX)) %
                           N;
        sum.set(i, static_cast<Lane>(sum.get(i) + factor * static_cast<Lane>(data.get(d))));
      }
    }
    detail::count_products<C, T>(Lanes * Points);
    return accum_type(sum);
  }
  template <unsigned NC, unsigned N>
  __aie_inline static accum_type mul(const vector<C, NC>& coeff, unsigned coeff_start,
                                     const vector<T, N>& data, unsigned data_start) {
    return mac(zeros<accum_tag, Lanes>(), coeff, coeff_start, data, data_start);
  }
};

template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepX, typename C, typename T,
          typename Tag = accauto>
using sliding_mul_x_ops = sliding_mul_ops<Lanes, Points, CoeffStep, DataStepX, 1, C, T, Tag>;
template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepY, typename C, typename T,
          typename Tag = accauto>
using sliding_mul_y_ops = sliding_mul_ops<Lanes, Points, CoeffStep, 1, DataStepY, C, T, Tag>;
template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepXY, typename C, typename T,
          typename Tag = accauto>
using sliding_mul_xy_ops =
    sliding_mul_ops<Lanes, Points, CoeffStep, DataStepXY, DataStepXY, C, T, Tag>;

}  // namespace aie
