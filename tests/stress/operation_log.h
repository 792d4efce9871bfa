// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace npuwhisper::stress {

/// The last operations of one thread, readable while that thread hangs and from a signal handler.
///
/// Only one thread uses a log. Any thread may call the static functions. At most kMaxLogs logs may
/// exist at a time. The constructor of one more log aborts the process.
class OperationLog {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxLogs = 64;

  /// `name` is the thread's name. At most 31 bytes of it are kept.
  explicit OperationLog(std::string_view name);
  ~OperationLog();
  OperationLog(const OperationLog&) = delete;
  OperationLog& operator=(const OperationLog&) = delete;

  /// Records the start of an operation. At most 95 bytes of the description are kept.
  void begin(std::string_view description);
  void end();

  /// Writes the last operations of each log to standard error, and marks those still running.
  /// Async-signal-safe.
  static void dump_all();
  /// Returns true if an operation of any log started before `limit` and is still running.
  static bool any_runs_since(Clock::time_point limit);

 private:
  struct Slot;
  static Slot slots[kMaxLogs];

  Slot* slot_ = nullptr;
};

/// Records an operation for the duration of a scope.
class Operation {
 public:
  Operation(OperationLog& log, std::string_view description) : log_(log) {
    log_.begin(description);
  }
  ~Operation() { log_.end(); }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

 private:
  OperationLog& log_;
};

}  // namespace npuwhisper::stress
