// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>
#include <vector>

#include <npuwhisper/segment.h>

#include "model/token_table.h"

namespace npuwhisper {

/// Appends the tokens of one piece: from single bytes on, the pair of neighbours whose union has
/// the lowest id is merged, the leftmost first, until no union is a token (Sennrich et al. 2016;
/// GPT-2). GPT-2 and Whisper number their tokens in the order of their merges, so an id is a
/// merge's rank. The table must have a token for every byte. Takes n log n time for n bytes.
void append_byte_pairs(const TokenTable& table, std::string_view piece, std::vector<Token>& tokens);

}  // namespace npuwhisper
