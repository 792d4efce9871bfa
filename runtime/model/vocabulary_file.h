// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// A vocabulary as its file spells it (byte_level.h), by id, special tokens included.
struct Vocabulary {
  std::filesystem::path file;
  std::vector<std::string> spellings;
};

/// Reads the first of vocabulary.json (an array), vocabulary.txt (a token a line) and
/// tokenizer.json (Hugging Face: model.vocab and added_tokens) that `folder` has. None of them
/// becomes a JSON tree in memory. Errors: NotFound, Unavailable, CorruptModel (not the format, or
/// more than `max_tokens`).
Result<Vocabulary> read_vocabulary(const std::filesystem::path& folder, int max_tokens);

}  // namespace npuwhisper
