// SPDX-License-Identifier: LGPL-2.1-or-later
#include "key_mode.h"

#include <poll.h>
#include <pthread.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace npuwhisper::player {
namespace {

// Signals whose default action ends the program: those sent by users and terminal windows, and
// those raised by faults.
constexpr std::array kEnds = {SIGHUP, SIGINT, SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,
                              SIGBUS, SIGFPE, SIGSEGV, SIGPIPE, SIGTERM};

// These variables are global because signal handlers have no other access to them. The program
// writes them before it installs any handler.
termios line_mode;
termios key_mode;
sigset_t handled;

// is_taken is true while this process controls the terminal's mode. is_locked is a lock around
// changes to the mode. The lock is needed because handlers of simultaneous signals may run in
// several threads. A thread that holds the lock has blocked these signals for itself.
std::atomic<bool> is_taken = false;
std::atomic<bool> is_locked = false;
static_assert(std::atomic<bool>::is_always_lock_free);

// The functions below may run in a signal handler. They call only async-signal-safe functions
// (POSIX 2.4.3), such as tcsetattr().

void lock() {
  while (is_locked.exchange(true, std::memory_order_acquire)) poll(nullptr, 0, 1);
}

void unlock() {
  is_locked.store(false, std::memory_order_release);
}

// Returns false in the background, where tcsetattr() would stop the program.
bool has_terminal() {
  return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void apply(const termios& mode) {
  const int code = errno;
  lock();
  if (is_taken && has_terminal()) tcsetattr(STDIN_FILENO, TCSANOW, &mode);
  unlock();
  errno = code;
}

// Restores the terminal's mode permanently. A SIGCONT that arrives together with the signal that
// ends the program does not change the mode again.
void give_back() {
  const int code = errno;
  lock();
  if (is_taken.exchange(false) && has_terminal()) tcsetattr(STDIN_FILENO, TCSANOW, &line_mode);
  unlock();
  errno = code;
}

void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {};
  if (sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) return;
  action = {};
  action.sa_handler = handler;
  action.sa_mask = handled;
  action.sa_flags = flags;
  sigaction(signal, &action, nullptr);
}

// SA_RESETHAND has restored the default action. The raised signal takes effect when the handler
// returns.
void end(int signal) {
  give_back();
  raise(signal);
}

void stop(int signal) {
  apply(line_mode);
  sigset_t only;
  sigset_t before;
  sigemptyset(&only);
  sigaddset(&only, signal);
  raise(signal);
  pthread_sigmask(SIG_UNBLOCK, &only, &before);  // Stops the program unless its group is orphaned.
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  handle(signal, stop, static_cast<int>(SA_RESETHAND | SA_RESTART));
  apply(key_mode);
}

void go_on(int) {
  apply(key_mode);
}

/// Blocks the handled signals in the constructing thread while the object exists.
class WithoutSignals {
 public:
  WithoutSignals() { pthread_sigmask(SIG_BLOCK, &handled, &before_); }
  ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;

 private:
  sigset_t before_;
};

void give_back_quietly() {
  const WithoutSignals quiet;
  give_back();
}

}  // namespace

KeyMode::KeyMode() {
  // In the background, the terminal's mode belongs to another program, such as a shell's line
  // editor.
  if (isatty(STDIN_FILENO) == 0 || !has_terminal()) return;
  if (tcgetattr(STDIN_FILENO, &line_mode) != 0) return;
  key_mode = line_mode;
  key_mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  sigemptyset(&handled);
  for (const int signal : kEnds) sigaddset(&handled, signal);
  for (const int signal : {SIGTSTP, SIGCONT}) sigaddset(&handled, signal);
  is_taken = true;
  std::atexit(give_back_quietly);  // Some windowing libraries call exit().
  for (const int signal : kEnds) handle(signal, end, static_cast<int>(SA_RESETHAND));
  handle(SIGTSTP, stop, static_cast<int>(SA_RESETHAND | SA_RESTART));
  handle(SIGCONT, go_on, SA_RESTART);
  const WithoutSignals quiet;
  apply(key_mode);
}

// Leaves the handlers installed. While is_taken is false, a handled signal has its default effect.
KeyMode::~KeyMode() {
  give_back_quietly();
}

}  // namespace npuwhisper::player
