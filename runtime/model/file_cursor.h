// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include <npuwhisper/result.h>

#include "model/regular_file.h"

namespace npuwhisper {

/// Reads little-endian values from a file, front to back, and checks each read against the number
/// of bytes left. Reads ahead in blocks, because most values in a directory are small. The caller
/// skips large values with skip(). Keeps a reference to the file. Not thread-safe.
class FileCursor {
 public:
  explicit FileCursor(const RegularFile& file) : file_(file) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return file_.size() - position_; }
  /// Returns the error of the first read that failed, or success. After an error, integer() and
  /// text() return nullopt.
  const Result<void>& status() const { return status_; }

  bool skip(std::uint64_t n) {
    if (n > left()) return false;
    position_ += n;
    return true;
  }

  /// Returns the next number; nullopt if the file ends too early.
  template <typename T>
  std::optional<T> integer() {
    static_assert(std::is_integral_v<T> && std::endian::native == std::endian::little);
    T value;
    if (!take(std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
    return value;
  }

  /// Returns the next n bytes; nullopt if the file has fewer.
  std::optional<std::string> text(std::size_t n);

 private:
  bool take(std::span<std::byte> out);
  bool look_ahead();

  const RegularFile& file_;
  std::uint64_t position_ = 0;
  std::array<std::byte, 4096> ahead_;
  std::uint64_t ahead_begin_ = 0;  // Position of ahead_'s first byte.
  std::size_t n_ahead_ = 0;
  Result<void> status_;
};

}  // namespace npuwhisper
