// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <thread>

namespace npuwhisper::stress {

/// Aborts the process if an operation of any OperationLog runs for longer than the limit. Before
/// that, prints the last operations of each log and the stack of each thread to standard error.
///
/// If SIGABRT, SIGTRAP (a GLib critical), SIGSEGV or SIGBUS ends the process, prints the stack of
/// the failing thread and the last operations of each log. At most one watchdog may exist. Create
/// it before other threads start.
class Watchdog {
 public:
  explicit Watchdog(std::chrono::seconds limit);

 private:
  std::jthread thread_;
};

}  // namespace npuwhisper::stress
