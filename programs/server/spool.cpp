// SPDX-License-Identifier: LGPL-2.1-or-later
#include "spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace npuwhisper::server {

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Spool> Spool::create(const std::string& folder) {
  FileDescriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.get() < 0) {
    const std::string reason =
        errno == EOPNOTSUPP ? "its file system does not support O_TMPFILE" : std::strerror(errno);
    return fail(ErrorCode::Unavailable, "cannot create a temporary file in " + folder + ": " +
                                            reason + " (TMPDIR sets another folder)");
  }
  return Spool(std::move(file));
}

Result<void> Spool::append(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return fail(ErrorCode::Unavailable,
                  std::string("cannot write a temporary file: ") + std::strerror(errno));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

std::uint64_t Spool::size() const {
  struct stat status = {};
  return fstat(file_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

Result<FileDescriptor> Spool::reopen(int mode) const {
  const std::string path = "/proc/self/fd/" + std::to_string(file_.get());
  FileDescriptor file(::open(path.c_str(), mode | O_CLOEXEC));
  if (file.get() < 0) {
    return fail(ErrorCode::Unavailable,
                std::string("cannot open a temporary file: ") + std::strerror(errno));
  }
  return file;
}

}  // namespace npuwhisper::server
