// SPDX-License-Identifier: LGPL-2.1-or-later
#include "widened_text.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "model/vocabulary_file.h"

namespace npuwhisper::test {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kCantonese = "<|yue|>";

/// Returns the id of Cantonese: the id of the first token after the source's languages.
Token cantonese_token(const Model& source) {
  return source.config.language_tokens.back() + 1;
}

Result<Json> read_json(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) return fail(ErrorCode::Unavailable, file.string() + ": cannot be read");
  Json json = Json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return fail(ErrorCode::CorruptModel, file.string() + ": not valid JSON");
  return json;
}

Result<void> write_json(const std::filesystem::path& file, const Json& json) {
  std::ofstream stream(file);
  stream << json.dump() << '\n';
  stream.close();
  if (!stream) return fail(ErrorCode::Unavailable, file.string() + ": cannot be written");
  return {};
}

/// Adds 1 to each token of the list that is at least `first`.
void move_tokens(Json& list, Token first) {
  for (Json& token : list) {
    if (token.get<Token>() >= first) token = token.get<Token>() + 1;
  }
}

Result<void> write_config(const Model& source, const WideShape& wide,
                          const std::filesystem::path& folder) {
  auto config = read_json(source.path / "config.json");
  if (!config) return fail(config.error());
  const std::vector<int> layers = widened_text_layers(source.config, wide);
  Json heads = Json::array();
  for (const auto& [layer, head] : source.config.alignment_heads) {
    const auto i = static_cast<std::size_t>(layer);
    if (i < layers.size()) heads.push_back({layers[i], head});
  }
  config->erase("alignment_heads");
  if (!heads.empty()) (*config)["alignment_heads"] = std::move(heads);
  if (wide.is_v3) {
    const Token yue = cantonese_token(source);
    move_tokens((*config)["suppress_ids"], yue);
    move_tokens((*config)["suppress_ids_begin"], yue);
    (*config)["lang_ids"].push_back(yue);
  }
  return write_json(folder / "config.json", *config);
}

Result<void> write_vocabulary(const Model& source, const WideShape& wide,
                              const std::filesystem::path& folder) {
  auto vocabulary = read_vocabulary(source.path, source.config.n_vocab);
  if (!vocabulary) return fail(vocabulary.error());
  std::vector<std::string>& tokens = vocabulary->spellings;
  if (wide.is_v3) tokens.insert(tokens.begin() + cantonese_token(source), kCantonese);
  return write_json(folder / "vocabulary.json", tokens);
}

/// If the source has tokenizer.json, writes this file and, for 128 mel bins,
/// preprocessor_config.json. The runtime reads neither if there is a vocabulary; faster-whisper
/// reads both.
Result<void> write_tokenizer(const Model& source, const WideShape& wide,
                             const std::filesystem::path& folder) {
  if (!std::filesystem::exists(source.path / "tokenizer.json")) return {};
  auto tokenizer = read_json(source.path / "tokenizer.json");
  if (!tokenizer || !wide.is_v3) {
    return tokenizer ? write_json(folder / "tokenizer.json", *tokenizer) : fail(tokenizer.error());
  }
  const Token yue = cantonese_token(source);
  Json added = Json::array();
  for (Json& token : (*tokenizer)["added_tokens"]) {
    const auto id = token["id"].get<Token>();
    if (id == yue) {
      added.push_back(token);
      added.back()["content"] = kCantonese;
    }
    if (id >= yue) token["id"] = id + 1;
    added.push_back(std::move(token));
  }
  (*tokenizer)["added_tokens"] = std::move(added);
  if (auto written = write_json(folder / "preprocessor_config.json", {{"feature_size", 128}});
      !written) {
    return written;
  }
  return write_json(folder / "tokenizer.json", *tokenizer);
}

}  // namespace

Result<void> write_widened_text(const Model& source, const WideShape& wide,
                                const std::filesystem::path& folder) {
  if (auto written = write_config(source, wide, folder); !written) return written;
  if (auto written = write_vocabulary(source, wide, folder); !written) return written;
  return write_tokenizer(source, wide, folder);
}

std::vector<float> with_cantonese(const Model& source, std::span<const float> embeddings) {
  const auto n = static_cast<std::size_t>(source.config.n_state);
  const auto row_of = [&](Token token) {
    return embeddings.subspan(static_cast<std::size_t>(token) * n, n);
  };
  const auto chinese = row_of(*source.tokenizer->language_token("zh"));
  std::vector<float> rows(embeddings.begin(), embeddings.end());
  rows.insert(rows.begin() + (row_of(cantonese_token(source)).data() - embeddings.data()),
              chinese.begin(), chinese.end());
  return rows;
}

}  // namespace npuwhisper::test
