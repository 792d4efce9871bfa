// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <thread>

namespace npuwhisper::stress {

/// Aborts the process if an operation of any OperationLog runs for longer than the limit, after
/// printing the last operations of each log and the stack of each thread to standard error.
///
/// Also prints the last operations if the process dies of SIGABRT, SIGTRAP (a GLib critical),
/// SIGSEGV or SIGBUS. At most one may exist; create it before other threads start.
class Watchdog {
 public:
  explicit Watchdog(std::chrono::seconds limit);

 private:
  std::jthread thread_;
};

}  // namespace npuwhisper::stress
