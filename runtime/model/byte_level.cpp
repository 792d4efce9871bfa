// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/byte_level.h"

#include <array>

#include "model/utf8.h"

namespace npuwhisper {
namespace {

constexpr bool is_spelled_as_itself(unsigned byte) {
  // The condition excludes the space, control characters, the no-break space and the soft hyphen.
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

constexpr std::size_t kNotSelfSpelled = 256 - (0x7E - 0x20) - (0x100 - 0xA1 - 1);

struct ByteLevel {
  std::array<char32_t, 256> spelling{};
  std::array<std::uint8_t, kNotSelfSpelled> above{};  // Entry i: the byte spelled as U+0100 + i.
};

constexpr ByteLevel kByteLevel = [] {
  ByteLevel tables;
  std::size_t n = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (is_spelled_as_itself(byte)) {
      tables.spelling[byte] = byte;
    } else {
      tables.spelling[byte] = static_cast<char32_t>(0x100 + n);
      tables.above[n++] = static_cast<std::uint8_t>(byte);
    }
  }
  return tables;
}();

}  // namespace

std::optional<std::string> from_byte_level(std::string_view spelling) {
  std::string bytes;
  while (!spelling.empty()) {
    const CodePoint first = first_code_point(spelling);
    const char32_t value = first.value;
    if (!first.is_valid) return std::nullopt;
    if (value < 256 && is_spelled_as_itself(value)) {
      bytes.push_back(static_cast<char>(value));
    } else if (value >= 0x100 && value - 0x100 < kByteLevel.above.size()) {
      bytes.push_back(static_cast<char>(kByteLevel.above[value - 0x100]));
    } else {
      return std::nullopt;
    }
    spelling.remove_prefix(first.n_bytes);
  }
  return bytes;
}

char32_t to_byte_level(std::uint8_t byte) {
  return kByteLevel.spelling[byte];
}

}  // namespace npuwhisper
