// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace npuwhisper::fuzz {

/// Reads an input as a sequence of choices, for harnesses that make sequences of calls. After the
/// end of the input, every number is the lowest possible one and every text is empty. Every input
/// is therefore valid. Reentrant.
class Decisions {
 public:
  Decisions(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  bool done() const { return left_.empty(); }

  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const std::uint8_t value = left_.front();
    left_ = left_.subspan(1);
    return value;
  }
  bool yes() { return (byte() & 1) != 0; }
  /// Returns a number from eight bytes, little-endian.
  std::uint64_t word() { return number(8); }
  /// Returns a number from `low` to `high`. Consumes only as many bytes as the range needs.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    std::size_t n_bytes = 0;
    while (n_bytes < 8 && range >> (8 * n_bytes) != 0) ++n_bytes;
    const std::uint64_t value = number(n_bytes);
    const std::uint64_t step = range == UINT64_MAX ? value : value % (range + 1);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + step);
  }
  int choice(int n) { return static_cast<int>(between(0, n - 1)); }
  /// Returns a text of at most `most` bytes.
  std::string text(std::size_t most) {
    const auto wanted = static_cast<std::size_t>(between(0, static_cast<std::int64_t>(most)));
    const auto bytes = left_.first(std::min(wanted, left_.size()));
    left_ = left_.subspan(bytes.size());
    return {bytes.begin(), bytes.end()};
  }

 private:
  std::uint64_t number(std::size_t n_bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < n_bytes; ++i) value |= std::uint64_t{byte()} << (8 * i);
    return value;
  }

  std::span<const std::uint8_t> left_;
};

}  // namespace npuwhisper::fuzz
