// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gtest/gtest.h>

#include <aie_api/aie.hpp>

#include <random>
#include <stdexcept>
#include <string>

/// Turns traps into exceptions and resets the core's state before and after each test.
class AieTest : public ::testing::Test {
 protected:
  AieTest() {
    npuwhisper_core_state = {};
    npuwhisper_core_state.trap = [](void*, const char* message) {
      throw std::runtime_error(message);
    };
  }
  ~AieTest() override { npuwhisper_core_state = {}; }

  /// Calls `f` and returns the message of its trap; empty if it does not trap.
  template <typename F>
  static std::string trap_of(F&& f) {
    try {
      f();
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return {};
  }

  template <typename T, unsigned N>
  aie::vector<T, N> random_vector() {
    aie::vector<T, N> v;
    for (unsigned i = 0; i < N; ++i) {
      if constexpr (std::is_integral_v<T>) {
        v.set(static_cast<T>(generator()), i);
      } else {
        v.set(static_cast<T>(std::normal_distribution<float>(0.0F, 4.0F)(generator)), i);
      }
    }
    return v;
  }

  std::mt19937_64 generator{42};
};

inline constexpr aie::rounding_mode kModes[] = {
    aie::rounding_mode::floor,           aie::rounding_mode::ceil,
    aie::rounding_mode::symmetric_floor, aie::rounding_mode::symmetric_ceil,
    aie::rounding_mode::negative_inf,    aie::rounding_mode::positive_inf,
    aie::rounding_mode::symmetric_zero,  aie::rounding_mode::symmetric_inf,
    aie::rounding_mode::conv_even,       aie::rounding_mode::conv_odd,
};
