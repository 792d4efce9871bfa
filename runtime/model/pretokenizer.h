// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string_view>

namespace npuwhisper {

/// Returns the length in bytes of the first piece of `text`, which must not be empty. Byte pairs
/// are merged only within pieces. The pieces are the matches of GPT-2's pattern
///   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// Invalid UTF-8 counts as a character that is neither letter, number nor space.
std::size_t first_piece_length(std::string_view text);

}  // namespace npuwhisper
