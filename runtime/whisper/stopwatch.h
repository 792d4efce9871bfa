// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

#include "base/trace.h"

namespace npuwhisper {

/// Adds the wall time of its own lifetime to a sum, and records it in the trace as `stage` (a
/// string literal).
class Stopwatch {
 public:
  Stopwatch(std::chrono::nanoseconds& sum, const char* stage)
      : sum_(sum), stage_(stage), start_(trace::Clock::now()) {}
  ~Stopwatch() {
    const auto end = trace::Clock::now();
    sum_ += end - start_;
    if (trace::is_on.load(std::memory_order_relaxed)) trace::record(stage_, start_, end);
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::chrono::nanoseconds& sum_;
  const char* const stage_;
  const trace::Clock::time_point start_;
};

}  // namespace npuwhisper
