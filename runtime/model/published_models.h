// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <npuwhisper/segment.h>

#include "model/config.h"
#include "model/tokenizer.h"

namespace npuwhisper {

// Facts about models that openai/whisper publishes in its source code, not in its model files. The
// sources are tokenizer.py and assets/ (vocabularies, order of the languages, suppressed tokens)
// and __init__.py (alignment heads). Model files of other projects may contain some of these facts.

/// Returns the alignment heads of the model with these sizes. large-v1 and large-v2 have the same
/// sizes: if `file_name` contains neither name, such as "ggml-large.bin", no heads are returned.
/// Returns no heads for other models, such as distilled ones.
std::vector<std::pair<int, int>> published_alignment_heads(const ModelConfig& config,
                                                           std::string_view file_name);

/// Returns all heads of the last half of the decoder's layers, which openai/whisper uses if the
/// alignment heads of a model are not known.
std::vector<std::pair<int, int>> late_heads(const ModelConfig& config);

/// Returns whether a published model has a vocabulary of this size.
bool is_published_vocabulary(int n_vocab);
/// Returns the spellings (byte_level.h) of all tokens except the timestamps, by ID. Returns nullopt
/// if no published model has a vocabulary of this size.
std::optional<std::vector<std::string>> published_vocabulary(int n_vocab);

/// Appends the special tokens except the timestamps to the spellings of all text tokens. The number
/// of languages follows from `n_vocab`. Returns false if no number of languages fits.
bool append_special_tokens(int n_vocab, std::vector<std::string>& spellings);

/// Returns the tokens that openai/whisper suppresses in every position, in ascending order: symbols
/// that are not spoken, and special tokens.
std::vector<Token> published_suppressed_tokens(const Tokenizer& tokenizer);
/// Returns the tokens that openai/whisper suppresses at the start of a text: a space and the
/// end-of-text token.
std::vector<Token> published_first_suppressed_tokens(const Tokenizer& tokenizer);

}  // namespace npuwhisper
