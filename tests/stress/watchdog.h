// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <thread>

namespace npuwhisper::stress {

/// Ends the process when an operation of any OperationLog runs for longer than the limit: prints
/// the last operations of each log and the stack of each thread to standard error, then aborts.
///
/// Also prints the last operations when the process dies of SIGABRT, SIGTRAP (a critical of GLib),
/// SIGSEGV or SIGBUS. One at a time; create it before other threads start.
class Watchdog {
 public:
  explicit Watchdog(std::chrono::seconds limit);

 private:
  std::jthread thread_;
};

}  // namespace npuwhisper::stress
