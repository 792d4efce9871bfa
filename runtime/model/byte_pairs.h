// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>
#include <vector>

#include <npuwhisper/segment.h>

#include "model/token_table.h"

namespace npuwhisper {

/// Appends the tokens of `piece` to `tokens` (Sennrich et al. 2016; GPT-2). If the whole piece is a
/// token, appends this token. Otherwise begins with single bytes. Repeatedly merges the two
/// neighbours whose union is the token with the lowest id. If several pairs have this union, merges
/// the leftmost pair. Ends when no union is a token. GPT-2 and Whisper number their tokens in the
/// order of their merges, so an id is the rank of a merge. The table must have a token for every
/// byte. Takes n log n time for n bytes.
void append_byte_pairs(const TokenTable& table, std::string_view piece, std::vector<Token>& tokens);

}  // namespace npuwhisper
