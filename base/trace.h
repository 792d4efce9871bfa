// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <npuwhisper/trace.h>

/// Records the library's own activity into a trace (npuwhisper/trace.h). Thread-safe. A Span costs
/// one load and one branch while no recording is active. No function allocates memory.
namespace npuwhisper::trace {

using Clock = std::chrono::steady_clock;

/// A number attached to a span. `name` must be a string literal, or nullptr if there is no number.
struct Value {
  const char* name = nullptr;
  std::int64_t number = 0;
};

extern std::atomic<bool> is_on;

/// Records a span of the calling thread from `begin` to `end`. `name` must be a string literal.
void record(const char* name, Clock::time_point begin, Clock::time_point end, Value value = {});

/// Records a run on the NPU named `device` that lasted from `begin` to `end`.
void record_run(std::string_view device, Clock::time_point begin, Clock::time_point end);

/// Records its own lifetime as a span of the calling thread, if it is created during a recording.
class Span {
 public:
  explicit Span(const char* name, Value value = {}) : name_(name), value_(value) {
    if (is_on.load(std::memory_order_relaxed)) begin_ = Clock::now();
  }
  ~Span() {
    if (begin_ != Clock::time_point()) record(name_, begin_, Clock::now(), value_);
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  const char* const name_;
  const Value value_;
  Clock::time_point begin_{};
};

}  // namespace npuwhisper::trace
