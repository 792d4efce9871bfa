// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/context_registry.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace npuwhisper::emu {
namespace {

bool is_dead(std::int64_t pid) {
  return pid != 0 && kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

void forget_the_dead(ContextRegistry::Shared& shared) {
  for (ClientRecord& client : shared.clients) {
    if (is_dead(client.pid)) client = {};
  }
  for (ContextRecord& context : shared.contexts) {
    if (is_dead(context.pid)) context = {};
  }
}

}  // namespace

Result<ContextRegistry> ContextRegistry::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0 || ftruncate(fd, sizeof(Shared)) != 0) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return fail(ErrorCode::Unavailable, "emulated NPU: " + path + ": " + std::strerror(error));
  }
  MemoryMap map(sizeof(Shared), fd);
  if (map.bytes().empty()) {
    close(fd);
    return fail(ErrorCode::Unavailable, "emulated NPU: " + path + " cannot be mapped");
  }
  return ContextRegistry(fd, std::move(map));
}

ContextRegistry::ContextRegistry(ContextRegistry&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), map_(std::move(other.map_)) {}

ContextRegistry::~ContextRegistry() {
  if (fd_ >= 0) close(fd_);
}

void ContextRegistry::with(const std::function<void(Shared&)>& action) {
  const std::lock_guard lock(mutex_);
  while (flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
  }
  auto& shared = *reinterpret_cast<Shared*>(map_.bytes().data());
  forget_the_dead(shared);
  action(shared);
  flock(fd_, LOCK_UN);
}

}  // namespace npuwhisper::emu
