// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>

namespace npuwhisper::stress {

/// Random decisions that a seed reproduces. Use it from one thread.
class Dice {
 public:
  /// Different values of `stream` give independent sequences for the same seed.
  Dice(std::uint64_t seed, std::uint64_t stream) {
    std::seed_seq sequence{seed, seed >> 32U, stream};
    engine_.seed(sequence);
  }

  /// Returns true with this probability.
  bool chance(double probability) { return between(0.0, 1.0) < probability; }
  /// Returns an integer in [from, to].
  std::int64_t number(std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(to - from + 1));
  }
  /// Returns a number in [from, to).
  double between(double from, double to) {
    return from + (to - from) * static_cast<double>(engine_() >> 11U) / 9007199254740992.0;
  }
  /// Returns a random element of `from`, which must not be empty.
  template <typename Container>
  auto& pick(Container& from) {
    return from[static_cast<std::size_t>(number(0, std::ssize(from) - 1))];
  }
  /// Sleeps for a random time, at most `most`.
  void rest(std::chrono::microseconds most) {
    std::this_thread::sleep_for(std::chrono::microseconds(number(0, most.count())));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace npuwhisper::stress
