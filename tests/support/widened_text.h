// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

#include "widened_model.h"

namespace npuwhisper::test {

/// Writes the files of a widened model that are not weights: config.json with the alignment heads
/// that the wide decoder has, the vocabulary, and tokenizer.json for other programs if the source
/// has one. For wide.is_v3, adds the token of Cantonese after the other languages, which moves the
/// later tokens by one. Errors: Unavailable (a file cannot be read or written), CorruptModel (a
/// file of the source is not JSON).
Result<void> write_widened_text(const Model& source, const WideShape& wide,
                                const std::filesystem::path& folder);

/// Returns `embeddings`, [n_vocab, n_state] of the source, with an additional row for Cantonese: a
/// copy of the row for Chinese. The source must be multilingual.
std::vector<float> with_cantonese(const Model& source, std::span<const float> embeddings);

}  // namespace npuwhisper::test
