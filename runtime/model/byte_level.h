// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace npuwhisper {

// GPT-2's vocabulary files spell each byte of a token as one printable character. The printable
// bytes of Latin-1 are spelled as themselves. All other bytes are spelled, in order, as U+0100 and
// up (the space is spelled as U+0120).

/// Returns the bytes of a token from its spelling (UTF-8) in a GPT-2 vocabulary file. Returns
/// nullopt if a character of `spelling` stands for no byte.
std::optional<std::string> from_byte_level(std::string_view spelling);

/// Returns the character that spells `byte` in GPT-2 vocabulary files.
char32_t to_byte_level(std::uint8_t byte);

}  // namespace npuwhisper
