// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace npuwhisper::emu {
namespace {

[[noreturn]] void become(const std::vector<std::string>& command, const std::string& folder,
                         int output) {
  dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  if (chdir(folder.c_str()) == 0) execvp(arguments[0], arguments.data());
  const char* why = std::strerror(errno);
  [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, why, std::strlen(why));
  _exit(127);
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> part;
  ssize_t n;
  while ((n = read(fd, part.data(), part.size())) > 0) {
    text.append(part.data(), static_cast<std::size_t>(n));
  }
  return text;
}

}  // namespace

Result<void> run_program(const std::vector<std::string>& command, const std::string& folder) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return fail(ErrorCode::Unavailable, std::string("pipe: ") + std::strerror(errno));
  }
  const pid_t child = fork();
  if (child == 0) become(command, folder, ends[1]);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return fail(ErrorCode::Unavailable, std::string("fork: ") + std::strerror(errno));
  }
  const std::string output = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(ErrorCode::Unavailable, command[0] + " failed: " + output);
}

}  // namespace npuwhisper::emu
