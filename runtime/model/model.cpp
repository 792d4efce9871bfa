// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/byte_level.h"
#include "model/model_failure.h"
#include "model/model_source.h"
#include "model/published_models.h"
#include "model/utf8.h"
#include "model/variables.h"

namespace npuwhisper {
namespace {

/// Limit of the total size of a model's variables, as a multiple of the file's size.
constexpr std::uint64_t kMaxUses = 2;

Result<void> check_variables(const std::filesystem::path& path, const Weights& weights,
                             const ModelConfig& config) {
  std::uint64_t total = 0;
  for (const VariableShape& shape : whisper_variables(config)) {
    const auto variable = weights.get(shape.name, shape.dims);
    if (!variable) return fail(variable.error());
    if (!(*variable)->is_real()) {
      return model_failure(path,
                           {ErrorCode::Unsupported, "variable '" + shape.name + "': found " +
                                                        std::string(to_string((*variable)->type)) +
                                                        " without scales, wanted real numbers"});
    }
    total += (*variable)->n_bytes();
  }
  // A variable may have several names: Whisper's embeddings may have two, and a variable of zeros
  // may have many. Each name is packed separately, so a limit keeps memory from growing far beyond
  // the size of the file.
  const std::uint64_t wanted = kMaxUses * weights.file_bytes();
  if (total > wanted) {
    return model_failure(path, {ErrorCode::CorruptModel,
                                "variables and their aliases: found " + std::to_string(total) +
                                    " bytes, wanted at most " + std::to_string(wanted) + ", " +
                                    std::to_string(kMaxUses) + " times the file"});
  }
  return {};
}

/// Rejects models that suppress the end-of-text token. Whisper's own lists never contain this
/// token. If this token were suppressed, every window would be decoded to the maximum length.
Result<void> check_suppressed(const std::filesystem::path& path, const ModelConfig& config,
                              Token eot) {
  if (std::ranges::find(config.suppress_tokens, eot) == config.suppress_tokens.end()) return {};
  return model_failure(path,
                       {ErrorCode::CorruptModel, "suppressed tokens: found " + std::to_string(eot) +
                                                     ", the end of text, wanted other tokens"});
}

/// Returns the spellings (byte_level.h) of tokens that a file lists by their bytes.
std::vector<std::string> spell(const std::vector<std::string>& tokens) {
  std::vector<std::string> spellings;
  for (const std::string& bytes : tokens) {
    std::string& spelling = spellings.emplace_back();
    for (const char byte : bytes) {
      append_utf8(to_byte_level(static_cast<std::uint8_t>(byte)), spelling);
    }
  }
  return spellings;
}

/// Returns the vocabulary of the model's files, or the published vocabulary of this size. A single
/// file with a published number of embeddings has the published vocabulary, as in whisper.cpp. Its
/// own tokens are not used, because files of different years list different tokens: some list the
/// end of text, and old ones have U+FFFD instead of partial characters.
Result<Vocabulary> find_vocabulary(const std::filesystem::path& path, const ModelSource& source,
                                   const ModelConfig& config) {
  if (!source.text_tokens.empty() && !is_published_vocabulary(config.n_vocab)) {
    Vocabulary vocabulary{.file = path, .spellings = spell(source.text_tokens)};
    if (append_special_tokens(config.n_vocab, vocabulary.spellings)) return vocabulary;
    return model_failure(path, {ErrorCode::CorruptModel,
                                "vocabulary: found " + std::to_string(source.text_tokens.size()) +
                                    " text tokens, which do not fit " +
                                    std::to_string(config.n_vocab) + " embeddings"});
  }
  Result<Vocabulary> read = model_failure(
      path,
      {ErrorCode::Unsupported, "the file has no vocabulary, and " + std::to_string(config.n_vocab) +
                                   " embeddings are not those of a published model"});
  if (!source.vocabulary_folder.empty()) {
    read = read_vocabulary(source.vocabulary_folder, config.n_vocab);
    if (read || read.error().code != ErrorCode::NotFound) return read;
  }
  if (auto published = published_vocabulary(config.n_vocab)) {
    return Vocabulary{.file = path, .spellings = std::move(*published)};
  }
  return read;
}

/// Fills the lists of `config`: those of the model's files, or the published lists of models with
/// this vocabulary and these sizes. If the alignment heads are not known, uses late_heads().
Result<void> fill_lists(const std::filesystem::path& path, const ModelSource& source,
                        const Tokenizer& tokenizer, ModelConfig& config) {
  ModelLists lists;
  for (const std::filesystem::path& file : source.lists) {
    if (auto read = read_model_lists(file, config, lists); !read) return read;
  }
  if (is_published_vocabulary(config.n_vocab)) {
    if (!lists.suppress_tokens) lists.suppress_tokens = published_suppressed_tokens(tokenizer);
    if (!lists.suppress_begin_tokens) {
      lists.suppress_begin_tokens = published_first_suppressed_tokens(tokenizer);
    }
  }
  config.suppress_tokens = std::move(lists.suppress_tokens).value_or(std::vector<Token>());
  config.suppress_begin_tokens =
      std::move(lists.suppress_begin_tokens).value_or(std::vector<Token>());
  const std::string name = path.has_filename() ? path.filename() : path.parent_path().filename();
  config.alignment_heads = lists.alignment_heads && !lists.alignment_heads->empty()
                               ? std::move(*lists.alignment_heads)
                               : published_alignment_heads(config, name);
  if (config.alignment_heads.empty()) config.alignment_heads = late_heads(config);
  return {};
}

}  // namespace

Result<std::shared_ptr<const Model>> Model::load(const std::filesystem::path& path) {
  auto source = open_model_source(path);
  if (!source) return fail(source.error());
  auto config = config_from_weights(*source->weights, source->heads);
  if (!config) return model_failure(path, config.error());
  if (auto checked = check_variables(path, *source->weights, *config); !checked) {
    return fail(checked.error());
  }
  const auto vocabulary = find_vocabulary(path, *source, *config);
  if (!vocabulary) return fail(vocabulary.error());
  auto tokenizer = Tokenizer::create(*vocabulary, *config);
  if (!tokenizer) return fail(tokenizer.error());
  if (auto filled = fill_lists(path, *source, **tokenizer, *config); !filled) {
    return fail(filled.error());
  }
  const Token eot = (*tokenizer)->special().eot;
  if (auto checked = check_suppressed(path, *config, eot); !checked) return fail(checked.error());
  const auto languages = (*tokenizer)->language_tokens();
  config->language_tokens.assign(languages.begin(), languages.end());

  auto model = std::make_shared<Model>();
  model->path = path;
  model->config = std::move(*config);
  model->weights = std::move(source->weights);
  model->tokenizer = std::move(*tokenizer);
  return std::shared_ptr<const Model>(std::move(model));
}

}  // namespace npuwhisper
