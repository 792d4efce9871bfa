// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "model/config.h"
#include "model/regular_file.h"

namespace npuwhisper {
namespace {

using Json = nlohmann::json;

/// Limit of the file's size. Real files have about 2300 bytes.
constexpr std::size_t kMaxBytes = 1 << 20;

/// Returns `value` as an index; nullopt unless it is an integer in [0, end).
std::optional<int> index_below(const Json& value, int end) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<std::uint64_t>();
  if (number >= static_cast<std::uint64_t>(end)) return std::nullopt;
  return static_cast<int>(number);
}

/// Returns `value` as text for a message, shortened because an entry may be long and deeply nested.
std::string excerpt(const Json& value) {
  constexpr std::size_t kLength = 60;
  const bool is_nested = std::any_of(value.begin(), value.end(),
                                     [](const Json& item) { return item.is_structured(); });
  if (is_nested) return std::string("a nested ") + value.type_name();
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kLength) text = text.substr(0, kLength) + "...";
  return text;
}

/// Returns the entry of `root` with the first of these names that exists; nullptr if there is none,
/// or if it is null.
const Json* find_entry(const Json& root, std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    const auto entry = root.find(name);
    if (entry != root.end()) return entry->is_null() ? nullptr : &*entry;
  }
  return nullptr;
}

Result<std::vector<Token>> read_tokens(const Json& entry, int n_vocab) {
  const std::string wanted = ", wanted token ids below " + std::to_string(n_vocab);
  if (!entry.is_array()) return fail(ErrorCode::CorruptModel, "found " + excerpt(entry) + wanted);
  std::vector<Token> tokens;
  for (const Json& value : entry) {
    const auto token = index_below(value, n_vocab);
    if (!token) return fail(ErrorCode::CorruptModel, "found " + excerpt(value) + wanted);
    tokens.push_back(*token);
  }
  return tokens;
}

using Heads = std::vector<std::pair<int, int>>;

/// Reads a list of alignment heads. Returns nullopt if the list names layers that the decoder does
/// not have. Errors: CorruptModel.
Result<std::optional<Heads>> read_alignment_heads(const Json& entry, const ModelConfig& config) {
  const std::string wanted = ", wanted pairs [layer below " + std::to_string(config.n_text_layer) +
                             ", head below " + std::to_string(config.n_text_head) + "]";
  const auto wrong = [&](const Json& found) {
    return fail(ErrorCode::CorruptModel, "found " + excerpt(found) + wanted);
  };
  if (!entry.is_array()) return wrong(entry);
  Heads heads;
  bool has_other_layers = false;
  for (const Json& value : entry) {
    if (!value.is_array() || value.size() != 2) return wrong(value);
    const auto layer = index_below(value[0], kMaxLayers);
    const auto head = index_below(value[1], config.n_text_head);
    if (!layer || !head) return wrong(value);
    const std::pair pair(*layer, *head);
    if (std::ranges::find(heads, pair) != heads.end()) {
      return fail(ErrorCode::CorruptModel, excerpt(value) + " is listed twice");
    }
    has_other_layers = has_other_layers || *layer >= config.n_text_layer;
    heads.push_back(pair);
  }
  return has_other_layers ? std::nullopt : std::optional(std::move(heads));
}

/// Reads a JSON object; nullopt if the file does not exist.
Result<std::optional<Json>> read_object(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::optional<Json>();
  const auto opened = RegularFile::open(file);
  if (!opened) return fail(opened.error());
  const auto text = opened->read_all(kMaxBytes);
  if (!text) return fail(text.error());
  Json root = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return fail(ErrorCode::CorruptModel, "not valid JSON");
  if (!root.is_object()) {
    return fail(ErrorCode::CorruptModel, "found " + excerpt(root) + ", wanted a JSON object");
  }
  return std::optional(std::move(root));
}

/// The names of a list in the files of CTranslate2 and Hugging Face.
struct TokenList {
  std::optional<std::vector<Token>> ModelLists::*member;
  const char* name;
  const char* other_name;
};
constexpr std::array kTokenLists = {
    TokenList{&ModelLists::suppress_tokens, "suppress_ids", "suppress_tokens"},
    TokenList{&ModelLists::suppress_begin_tokens, "suppress_ids_begin", "begin_suppress_tokens"}};

}  // namespace

Result<void> read_model_lists(const std::filesystem::path& file, const ModelConfig& config,
                              ModelLists& lists) {
  const auto in_file = [&](const Error& error, const std::string& where = "") {
    return fail(error.code, "config '" + file.string() + "': " + where + error.message);
  };
  const auto root = read_object(file);
  if (!root) return in_file(root.error());
  if (!*root) return {};
  for (const TokenList& list : kTokenLists) {
    const Json* const entry = find_entry(**root, {list.name, list.other_name});
    if (entry == nullptr || lists.*list.member) continue;
    auto tokens = read_tokens(*entry, config.n_vocab);
    const char* const name = (*root)->contains(list.name) ? list.name : list.other_name;
    if (!tokens) return in_file(tokens.error(), std::string(name) + ": ");
    lists.*list.member = std::move(*tokens);
  }
  const Json* const entry = find_entry(**root, {"alignment_heads"});
  if (entry == nullptr || lists.alignment_heads) return {};
  auto heads = read_alignment_heads(*entry, config);
  if (!heads) return in_file(heads.error(), "alignment_heads: ");
  lists.alignment_heads = std::move(*heads);
  return {};
}

Result<HeadCounts> read_hugging_face_config(const std::filesystem::path& file) {
  const auto in_file = [&](const Error& error) {
    return fail(error.code, "config '" + file.string() + "': " + error.message);
  };
  const auto root = read_object(file);
  if (!root) return in_file(root.error());
  constexpr int kMaxHeads = 1 << 10;
  HeadCounts counts;
  const std::array kNames = {std::pair("encoder_attention_heads", &HeadCounts::audio),
                             std::pair("decoder_attention_heads", &HeadCounts::text)};
  for (const auto& [name, member] : kNames) {
    const Json* const entry = *root ? find_entry(**root, {name}) : nullptr;
    const auto count = entry != nullptr ? index_below(*entry, kMaxHeads) : std::nullopt;
    if (!count) {
      return in_file(
          {ErrorCode::CorruptModel, std::string(name) + ": found " +
                                        (entry != nullptr ? excerpt(*entry) : "nothing") +
                                        ", wanted a number of heads"});
    }
    counts.*member = *count;
  }
  const std::array<std::pair<const char*, Json>, 3> kFlags = {
      {{"activation_function", "gelu"}, {"scale_embedding", false}, {"tie_word_embeddings", true}}};
  for (const auto& [name, wanted] : kFlags) {
    const Json* const entry = find_entry(**root, {name});
    if (entry != nullptr && *entry != wanted) {
      return in_file({ErrorCode::Unsupported, std::string(name) + ": found " + excerpt(*entry) +
                                                  ", wanted " + wanted.dump()});
    }
  }
  return counts;
}

}  // namespace npuwhisper
