// SPDX-License-Identifier: LGPL-2.1-or-later
#include "watchdog.h"

#include <execinfo.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stop_token>
#include <string>

#include "operation_log.h"

namespace npuwhisper::stress {
namespace {

constexpr int kStackSignal = SIGUSR2;
constexpr std::chrono::milliseconds kTick{200};
// Maximum time in which a thread can print its stack.
constexpr std::chrono::milliseconds kPrintTime{100};

// Prints the calling thread's stack. backtrace() is safe in a signal handler only if an earlier
// call, outside the handler, has loaded its library.
void print_stack(int) {
  std::array<void*, 48> frames{};
  std::array<char, 17> name{};
  prctl(PR_GET_NAME, name.data());
  dprintf(STDERR_FILENO, "thread %ld '%s':\n", syscall(SYS_gettid), name.data());
  backtrace_symbols_fd(frames.data(), backtrace(frames.data(), std::ssize(frames)), STDERR_FILENO);
}

void print_all_stacks() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    const long id = std::stol(task.path().filename());
    if (id == syscall(SYS_gettid)) continue;
    if (syscall(SYS_tgkill, getpid(), id, kStackSignal) == 0) {
      std::this_thread::sleep_for(kPrintTime);
    }
  }
}

void print_operations(int number) {
  print_stack(number);
  OperationLog::dump_all();
  signal(number, SIG_DFL);
  raise(number);
}

void watch(const std::stop_token& stop, std::chrono::seconds limit) {
  while (!stop.stop_requested()) {
    std::this_thread::sleep_for(kTick);
    if (!OperationLog::any_runs_since(OperationLog::Clock::now() - limit)) continue;
    dprintf(STDERR_FILENO, "an operation has run for more than %ld s\n",
            static_cast<long>(limit.count()));
    // Prints the logs before the stacks, because the signals that print the stacks may interrupt a
    // wait and end an operation.
    OperationLog::dump_all();
    print_all_stacks();
    signal(SIGABRT, SIG_DFL);
    std::abort();
  }
}

}  // namespace

Watchdog::Watchdog(std::chrono::seconds limit) {
  std::array<void*, 1> frame{};
  backtrace(frame.data(), std::ssize(frame));
  signal(kStackSignal, print_stack);
  for (const int number : {SIGABRT, SIGTRAP, SIGSEGV, SIGBUS}) {
    signal(number, print_operations);
  }
  thread_ = std::jthread([limit](const std::stop_token& stop) { watch(stop, limit); });
}

}  // namespace npuwhisper::stress
