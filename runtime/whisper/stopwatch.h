// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

namespace npuwhisper {

/// Adds the wall time of its own life to a sum.
class Stopwatch {
 public:
  explicit Stopwatch(std::chrono::nanoseconds& sum)
      : sum_(sum), start_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() { sum_ += std::chrono::steady_clock::now() - start_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::chrono::nanoseconds& sum_;
  const std::chrono::steady_clock::time_point start_;
};

}  // namespace npuwhisper
