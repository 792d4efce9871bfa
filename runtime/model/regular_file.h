// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// A regular file, open for reading. Nothing is mapped: a file that another program shortens gives
/// an Error, and what was read does not count in the process's resident size. Error messages do not
/// name the file; the caller does. Closes the file when destroyed. Movable; read() is thread-safe.
class RegularFile {
 public:
  /// Opens `file` and never waits, as opening a FIFO would. Errors: NotFound (no such file, or a
  /// folder, FIFO, device or socket), Unavailable (no rights).
  static Result<RegularFile> open(const std::filesystem::path& file);
  ~RegularFile();

  RegularFile(RegularFile&& other) noexcept;
  RegularFile& operator=(RegularFile&&) = delete;

  /// Bytes at the time of open().
  std::uint64_t size() const { return size_; }

  /// Fills `out` with the bytes from `offset` on. Error: Unavailable (a fault of the disk, or fewer
  /// bytes than wanted, because the file was shortened).
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const;

  /// The whole file. Errors: those of read(), CorruptModel (more than `max_bytes`).
  Result<std::string> read_all(std::uint64_t max_bytes) const;

 private:
  RegularFile(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}

  int descriptor_;
  std::uint64_t size_;
};

}  // namespace npuwhisper
