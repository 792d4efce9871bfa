// SPDX-License-Identifier: LGPL-2.1-or-later
#include "child_process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace npuwhisper::test {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void be_child(int to, const std::map<std::string, std::string>& environment,
                           const std::function<std::string()>& body) {
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  const std::string result = body();
  const bool written =
      write(to, result.data(), result.size()) == static_cast<ssize_t>(result.size());
  close(to);
  // Calls exit(), which runs the destructors of libraries and the leak check.
  std::exit(written && !testing::Test::HasFailure() ? 0 : 1);
}

/// Appends the bytes from the pipe `from` to `text` until the write end is closed. Returns false at
/// the deadline or if a read fails.
bool read_all(int from, Clock::time_point deadline, std::string& text) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waiting{.fd = from, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
    char part[4096];
    const ssize_t n = read(from, part, sizeof part);
    if (n <= 0) return n == 0;
    text.append(part, static_cast<std::size_t>(n));
  }
}

/// Waits for the child to end. Returns its status, or -1 at the deadline.
int status_of(pid_t child, Clock::time_point deadline) {
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() > deadline) return -1;
    usleep(5000);
  }
  return status;
}

}  // namespace

std::string in_child(const std::map<std::string, std::string>& environment,
                     const std::function<std::string()>& body, std::chrono::seconds timeout) {
  int ends[2];
  if (pipe(ends) != 0) {
    ADD_FAILURE() << "no pipe";
    return {};
  }
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    be_child(ends[1], environment, body);
  }
  close(ends[1]);
  std::string text;
  const auto deadline = Clock::now() + timeout;
  const bool complete = child > 0 && read_all(ends[0], deadline, text);
  close(ends[0]);
  const int status = complete ? status_of(child, deadline) : -1;
  if (status == -1) {
    ADD_FAILURE() << "the child was not done after " << timeout.count() << " s; it said: " << text;
    if (child > 0) {
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
  } else if (WIFSIGNALED(status)) {
    ADD_FAILURE() << "the child was ended by signal " << WTERMSIG(status) << "; it said: " << text;
  } else {
    EXPECT_EQ(WEXITSTATUS(status), 0) << "of the child; it said: " << text;
  }
  return text;
}

}  // namespace npuwhisper::test
