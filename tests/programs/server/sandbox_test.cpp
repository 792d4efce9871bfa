// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/server/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

namespace npuwhisper::server {
namespace {

/// Runs `body` in a child process. Returns its result, which is at most 99, or the number of the
/// signal that ended the child plus 100.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

/// Returns 0 if the call failed with EACCES.
int denied(long result) {
  return result == -1 && errno == EACCES ? 0 : 1;
}

TEST(SandboxTest, ForbidsNewFilesSocketsAndPrograms) {
  const std::vector<std::pair<const char*, std::function<long()>>> calls = {
      {"open to read", [] { return open("/dev/null", O_RDONLY); }},
      {"open to write", [] { return open("/dev/null", O_WRONLY); }},
      {"create", [] { return open("/tmp", O_TMPFILE | O_RDWR, 0600); }},
      {"unlink", [] { return unlink("/nowhere"); }},
      {"socket", [] { return socket(AF_INET, SOCK_STREAM, 0); }},
      {"socketpair",
       [] {
         int pair[2];
         return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
       }},
      {"fork", [] { return fork(); }},
      {"exec", [] { return execl("/bin/true", "true", nullptr); }},
      {"kill", [] { return kill(getppid(), 0); }},
  };
  for (const auto& [name, call] : calls) {
    // Without the restriction, the call does not fail with EACCES, or the child has ended.
    EXPECT_EQ(in_child([&call = call] {
                if (!forbid_new_files()) return 2;
                return denied(call());
              }),
              0)
        << name;
  }
}

TEST(SandboxTest, AllowsOpenFilesMemoryAndThreads) {
  EXPECT_EQ(in_child([] {
              int ends[2];
              if (pipe2(ends, O_CLOEXEC) != 0 || !forbid_new_files()) return 2;
              std::vector<char> memory(1 << 20, 'x');
              std::thread writer([&] { (void)!write(ends[1], memory.data(), 1); });
              writer.join();
              char byte = 0;
              return read(ends[0], &byte, 1) == 1 && byte == 'x' ? 0 : 1;
            }),
            0);
}

TEST(SandboxTest, AppliesToThreadsThatRunAlready) {
  EXPECT_EQ(in_child([] {
              int ends[2];
              if (pipe2(ends, O_CLOEXEC) != 0) return 2;
              int result = 3;
              std::thread early([&] {
                char byte = 0;
                (void)!read(ends[0], &byte, 1);
                result = denied(open("/dev/null", O_RDONLY));
              });
              if (!forbid_new_files()) return 4;
              (void)!write(ends[1], "x", 1);
              early.join();
              return result;
            }),
            0);
}

TEST(SandboxTest, LimitsMemoryFilesAndTime) {
  const SandboxLimits limits{.address_space_bytes = std::uint64_t{1} << 30,
                             .file_bytes = 4096,
                             .cpu_time = std::chrono::seconds(1)};
  EXPECT_EQ(in_child([&] {
              if (!limit_resources(limits)) return 2;
              return std::malloc(std::size_t{2} << 30) == nullptr ? 0 : 1;
            }),
            0);
  EXPECT_EQ(in_child([&] {
              const int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
              if (file < 0 || !limit_resources(limits)) return 2;
              const std::vector<char> bytes(8192);
              if (write(file, bytes.data(), bytes.size()) != 4096) return 3;
              return write(file, bytes.data(), 1) == -1 && errno == EFBIG ? 0 : 1;
            }),
            0);
  const int ended = in_child([&]() -> int {
    if (!limit_resources(limits)) return 2;
    for (volatile bool runs = true; runs;) {
    }
    return 0;
  });
  EXPECT_TRUE(ended == 100 + SIGXCPU || ended == 100 + SIGKILL) << ended;
}

TEST(SandboxTest, TheProcessEndsWithItsParent) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  EXPECT_EQ(in_child([&] {
              int ready[2];
              if (pipe2(ready, O_CLOEXEC) != 0) return 2;
              const pid_t parent = getpid();
              if (fork() == 0) {
                const bool bound = end_with_parent(parent).has_value();
                (void)!write(ready[1], bound ? "y" : "n", 1);
                pause();
                _exit(0);
              }
              char byte = 0;
              return read(ready[0], &byte, 1) == 1 && byte == 'y' ? 0 : 1;
            }),
            0);
  close(ends[1]);
  // The grandchild holds the other descriptor of the pipe's end until it ends.
  char byte = 0;
  EXPECT_EQ(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

TEST(SandboxTest, AProcessWhoseParentHasEndedIsTold) {
  const pid_t ended = fork();
  if (ended == 0) _exit(0);
  ASSERT_EQ(waitpid(ended, nullptr, 0), ended);
  EXPECT_EQ(in_child([&] { return end_with_parent(ended) ? 1 : 0; }), 0);
  EXPECT_EQ(in_child([] { return end_with_parent(getppid()) ? 0 : 1; }), 0);
}

}  // namespace
}  // namespace npuwhisper::server
