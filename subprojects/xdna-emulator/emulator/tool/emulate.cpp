// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/emulate.h"

#include <link.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "emulator/tool/device_tree.h"
#include "emulator/tool/temporary_folder.h"

namespace npuwhisper::emu {
namespace {

volatile sig_atomic_t child = 0;

void pass_on(int signal) {
  kill(child, signal);
}

/// Blocks the signals in kPassedOn until the child process exists and can receive them.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : kPassedOn) sigaddset(&held, signal);
    sigprocmask(SIG_BLOCK, &held, &before_);
  }
  ~HeldSignals() { release(); }
  void release() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  static constexpr int kPassedOn[] = {SIGTERM, SIGHUP};

 private:
  sigset_t before_;
};

/// Returns the path of the sanitizers' library, followed by a colon; empty if this build does not
/// use sanitizers. The dynamic linker must load that library before all other libraries, even in
/// programs that were built without sanitizers.
std::string sanitizer_library() {
  std::string path;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* found) {
        if (std::strstr(info->dlpi_name, "libasan") != nullptr) {
          *static_cast<std::string*>(found) = std::string(info->dlpi_name) + ":";
        }
        return 0;
      },
      &path);
  return path;
}

[[noreturn]] void become(const std::string& preload, const std::string& tree,
                         const std::vector<std::string>& command) {
  setenv("LD_PRELOAD", preload.c_str(), 1);
  setenv("NPUWHISPER_EMULATOR_TREE", tree.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  std::cerr << "npuwhisper-emulate: " << command[0] << ": " << std::strerror(errno) << '\n';
  _exit(127);
}

}  // namespace

Result<int> run_emulated(const DeviceModel& device, const std::string& library,
                         const std::vector<std::string>& command) {
  // SIGTERM and SIGHUP must not end this process before the process has removed its files.
  HeldSignals signals;
  const auto tree = TemporaryFolder::create();
  if (!tree) return fail(tree.error());
  if (const auto made = make_device_tree(tree->path(), device); !made) return fail(made.error());
  // The library's path may contain separators of LD_PRELOAD. The path of this link contains none.
  const auto link = tree->path() / "driver.so";
  std::error_code error;
  std::filesystem::create_symlink(std::filesystem::absolute(library), link, error);
  if (error) return fail(ErrorCode::Unavailable, link.string() + ": " + error.message());
  std::string preload = sanitizer_library() + link.string();
  if (const char* others = std::getenv("LD_PRELOAD"); others != nullptr && *others != 0) {
    preload += std::string(":") + others;
  }
  const std::string path = tree->path().string();

  const pid_t started = fork();
  if (started < 0) {
    return fail(ErrorCode::Unavailable, std::string("fork: ") + std::strerror(errno));
  }
  if (started == 0) {
    signals.release();
    become(preload, path, command);
  }
  child = started;
  struct sigaction forward {};
  forward.sa_handler = pass_on;
  for (const int signal : HeldSignals::kPassedOn) sigaction(signal, &forward, nullptr);
  // The terminal sends SIGINT and SIGQUIT to the command as well. Ignore them here: the tree must
  // outlive the command.
  signal(SIGINT, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
  signals.release();
  int status = 0;
  while (waitpid(started, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace npuwhisper::emu
