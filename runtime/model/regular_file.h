// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// A regular file that is open for reading. The file is not mapped. It therefore does not count
/// towards the process's resident size, and reads return an Error if another program shortens the
/// file. Error messages do not name the file; callers add the name. The destructor closes the file.
/// Movable; read() is thread-safe.
class RegularFile {
 public:
  /// Opens `file`. Never blocks, not even on a FIFO. Errors: NotFound (no such file, or a folder,
  /// FIFO, device or socket), Unavailable (no permission).
  static Result<RegularFile> open(const std::filesystem::path& file);
  ~RegularFile();

  RegularFile(RegularFile&& other) noexcept;
  RegularFile& operator=(RegularFile&&) = delete;

  /// Returns the size in bytes at the time of open().
  std::uint64_t size() const { return size_; }

  /// Fills `out` with the bytes from `offset` on. Errors: Unavailable (the disk failed, or the file
  /// was shortened and has too few bytes).
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const;

  /// Returns the whole file. Errors: those of read(), CorruptModel (more than `max_bytes`).
  Result<std::string> read_all(std::uint64_t max_bytes) const;

 private:
  RegularFile(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}

  int descriptor_;
  std::uint64_t size_;
};

}  // namespace npuwhisper
