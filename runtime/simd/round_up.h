// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <concepts>
#include <type_traits>

namespace npuwhisper {

/// Returns the smallest multiple of `multiple` (positive) that is at least `n` (not negative).
template <std::integral T>
constexpr T round_up(T n, std::type_identity_t<T> multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace npuwhisper
