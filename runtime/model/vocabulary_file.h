// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// The spellings (byte_level.h) of all tokens in a vocabulary file, including special tokens. The
/// index of a spelling is the token's id.
struct Vocabulary {
  std::filesystem::path file;
  std::vector<std::string> spellings;
};

/// Reads the vocabulary in `folder`. Uses the first of these files that exists: vocabulary.json (an
/// array), vocabulary.txt (one token per line), tokenizer.json (Hugging Face: model.vocab and
/// added_tokens), vocab.json (Hugging Face: an object; added_tokens.json has further tokens).
/// Builds no JSON tree in memory. Errors: NotFound (none of the files), Unavailable, CorruptModel
/// (wrong format, or more than `max_tokens` tokens).
Result<Vocabulary> read_vocabulary(const std::filesystem::path& folder, int max_tokens);

}  // namespace npuwhisper
