// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <npuwhisper/trace.h>

/// What the library's own code records into a trace (npuwhisper/trace.h). Thread-safe; one load
/// and a branch while nothing is recorded; no allocation ever.
namespace npuwhisper::trace {

using Clock = std::chrono::steady_clock;

/// A number that belongs to a span. `name` is a string literal; nullptr: no number.
struct Value {
  const char* name = nullptr;
  std::int64_t number = 0;
};

extern std::atomic<bool> is_on;

/// Records what this thread did from `begin` to `end`; `name` is a string literal.
void record(const char* name, Clock::time_point begin, Clock::time_point end, Value value = {});

/// Records that the NPU called `device` had a run in flight from `begin` to `end`.
void record_run(std::string_view device, Clock::time_point begin, Clock::time_point end);

/// Records its own life on its thread, if it began while recording.
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
