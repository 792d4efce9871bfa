// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include <npuwhisper/result.h>

namespace npuwhisper::server {

/// Owns a file descriptor. Reentrant.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int get() const { return fd_; }
  /// Gives up the ownership and returns the descriptor.
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// A temporary file without a name. It disappears with its last descriptor, also when the program
/// is killed. Reentrant.
class Spool {
 public:
  /// Creates an empty file in `folder`. Errors: Unavailable (the folder does not exist, is not
  /// writable, or its file system does not support O_TMPFILE).
  static Result<Spool> create(const std::string& folder);

  /// Appends the bytes. Errors: Unavailable (no space).
  Result<void> append(std::span<const char> bytes);
  /// Returns the size of the file in bytes, also if another process has written to it. Returns 0 if
  /// the size cannot be determined.
  std::uint64_t size() const;
  /// Returns another descriptor of the file, at its beginning, with the access mode `mode`
  /// (O_RDONLY or O_WRONLY). Errors: Unavailable.
  Result<FileDescriptor> reopen(int mode) const;

 private:
  explicit Spool(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace npuwhisper::server
