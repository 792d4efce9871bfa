// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <initializer_list>

#include "aie_api/emulation/types.h"

/// This header lists the mmul shapes of each generation. The sources are the table of supported
/// modes in aie_api's documentation (dense, real types; AIE-ML/XDNA1 and XDNA2) and aie_api's code.

namespace aie::detail {

struct MmulShape {
  unsigned m, k, n;
};

constexpr bool contains_shape(std::initializer_list<MmulShape> shapes, MmulShape wanted) {
  for (const MmulShape s : shapes) {
    if (s.m == wanted.m && s.k == wanted.k && s.n == wanted.n) return true;
  }
  return false;
}

/// Returns whether the shape exists for integers of `a` and `b` bits.
constexpr bool has_integer_shape(unsigned a, unsigned b, MmulShape s) {
  const unsigned kind = a * 100 + b;
  if (!kAie2p) {
    switch (kind) {
      case 808:
        return contains_shape({{4, 8, 4},
                               {4, 16, 4},
                               {8, 8, 4},
                               {2, 8, 8},
                               {4, 8, 8},
                               {8, 8, 8},
                               {1, 16, 8},
                               {2, 16, 8},
                               {4, 16, 8}},
                              s);
      case 1608:
        return contains_shape({{4, 4, 4}, {8, 4, 4}, {4, 8, 4}, {4, 4, 8}, {8, 4, 8}, {2, 8, 8}},
                              s);
      case 816:
        return contains_shape({{4, 4, 8}, {4, 4, 4}}, s);
      case 1616:
        return contains_shape({{4, 4, 4}, {2, 4, 8}, {4, 4, 8}, {4, 2, 8}, {8, 2, 8}, {8, 1, 8}},
                              s);
      case 3216:
        return contains_shape({{2, 4, 8}, {4, 4, 8}, {4, 4, 4}, {4, 2, 4}, {4, 1, 8}}, s);
      case 1632:
        return contains_shape({{2, 4, 8}, {4, 4, 4}}, s);
      case 3232:
        return contains_shape({{4, 2, 4}, {4, 4, 4}, {8, 2, 4}, {4, 1, 8}, {8, 1, 8}}, s);
      default:
        return false;
    }
  }
  switch (kind) {
    case 808:
      return contains_shape({{2, 8, 8}, {4, 8, 8}, {8, 8, 8}}, s);
    case 1608:
      return contains_shape({{4, 4, 8}, {8, 4, 8}, {4, 8, 8}, {2, 8, 8}}, s);
    case 816:
      return contains_shape({{8, 2, 8}, {4, 4, 8}}, s);
    case 1616:
      return contains_shape({{4, 2, 8}, {8, 2, 8}, {2, 4, 8}, {4, 4, 8}, {8, 1, 8}}, s);
    case 3216:
      return contains_shape({{4, 2, 8}, {2, 4, 8}, {4, 4, 8}, {4, 1, 8}}, s);
    case 1632:
      return contains_shape({{4, 4, 8}}, s);
    case 3232:
      return contains_shape({{4, 2, 8}, {4, 4, 4}, {4, 4, 8}, {8, 2, 8}, {4, 1, 8}}, s);
    default:
      return false;
  }
}

constexpr bool has_bf16_shape(MmulShape s) {
  return kAie2p ? contains_shape({{4, 8, 4}, {8, 8, 4}, {4, 8, 8}, {8, 8, 8}, {8, 1, 8}}, s)
                : contains_shape({{4, 8, 4}, {8, 8, 4}, {4, 8, 8}, {8, 8, 8}, {4, 16, 8}}, s);
}

constexpr bool has_float_shape(MmulShape s) {
  return kAie2p ? contains_shape({{4, 8, 4}}, s)
                : contains_shape({{4, 8, 4}, {4, 1, 4}, {4, 1, 8}}, s);
}

constexpr bool has_bfp16_shape(MmulShape s) {
  return kAie2p && contains_shape({{8, 8, 8}, {8, 8, 16}}, s);
}

}  // namespace aie::detail
