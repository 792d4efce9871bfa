// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

namespace npuwhisper {

/// Records the start time of a call that should return soon, while the call is in progress. Calls
/// and set_parts() come from one thread at a time; any thread may call the other functions. Never
/// blocks.
class WatchedCall {
 public:
  using Clock = std::chrono::steady_clock;

  /// Marks a call as in progress for the lifetime of this object.
  class Scope {
   public:
    explicit Scope(WatchedCall& call) : call_(call) {
      call_.began_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    }
    ~Scope() { call_.began_.store(kNone, std::memory_order_relaxed); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    WatchedCall& call_;
  };

  /// Sets the number of parts of later calls. A call may take longer if it has more parts.
  void set_parts(int n) { n_parts_.store(n, std::memory_order_relaxed); }
  int n_parts() const { return n_parts_.load(std::memory_order_relaxed); }

  /// Returns the start time of the call in progress, or nullopt if there is none.
  std::optional<Clock::time_point> began() const {
    const Clock::rep began = began_.load(std::memory_order_relaxed);
    if (began == kNone) return std::nullopt;
    return Clock::time_point(Clock::duration(began));
  }

 private:
  static constexpr Clock::rep kNone = 0;
  std::atomic<Clock::rep> began_{kNone};
  std::atomic<int> n_parts_{1};
};

}  // namespace npuwhisper
