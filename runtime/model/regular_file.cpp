// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

namespace npuwhisper {
namespace {

Failure system_failure(std::string_view what) {
  const int number = errno;
  const bool is_missing = number == ENOENT || number == ENOTDIR || number == ENXIO;
  return fail(is_missing ? ErrorCode::NotFound : ErrorCode::Unavailable,
              "cannot " + std::string(what) + ": " + std::generic_category().message(number));
}

Failure shortened(int descriptor, std::uint64_t wanted) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return system_failure("read");
  return fail(ErrorCode::Unavailable, "found " + std::to_string(status.st_size) +
                                          " bytes, wanted at least " + std::to_string(wanted) +
                                          ": the file was shortened");
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

Result<RegularFile> RegularFile::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return system_failure("open");
  RegularFile opened(descriptor, 0);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return system_failure("open");
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::NotFound,
                "found " + std::string(kind_of(status.st_mode)) + ", wanted a regular file");
  }
  opened.size_ = static_cast<std::uint64_t>(status.st_size);
  return opened;
}

RegularFile::RegularFile(RegularFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

RegularFile::~RegularFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> RegularFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t n = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_failure("read");
    if (n == 0) return shortened(descriptor_, offset + out.size());
    out = out.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<std::string> RegularFile::read_all(std::uint64_t max_bytes) const {
  if (size_ > max_bytes) {
    return fail(ErrorCode::CorruptModel, "found " + std::to_string(size_) +
                                             " bytes, wanted at most " + std::to_string(max_bytes));
  }
  std::string text(static_cast<std::size_t>(size_), '\0');
  if (auto done = read(0, std::as_writable_bytes(std::span(text))); !done) {
    return fail(done.error());
  }
  return text;
}

}  // namespace npuwhisper
