// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cstdint>
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

Result<void> read_tokens(const Json& root, const char* key, int n_vocab,
                         std::vector<Token>& tokens) {
  const auto entry = root.find(key);
  if (entry == root.end() || entry->is_null()) return {};
  const std::string wanted = ", wanted token ids below " + std::to_string(n_vocab);
  if (!entry->is_array()) {
    return fail(ErrorCode::CorruptModel, std::string(key) + ": found " + excerpt(*entry) + wanted);
  }
  for (const Json& value : *entry) {
    const auto token = index_below(value, n_vocab);
    if (!token) {
      return fail(ErrorCode::CorruptModel, std::string(key) + ": found " + excerpt(value) + wanted);
    }
    tokens.push_back(*token);
  }
  return {};
}

Result<void> read_alignment_heads(const Json& root, ModelConfig& config) {
  const auto entry = root.find("alignment_heads");
  if (entry == root.end() || entry->is_null()) return {};
  const std::string wanted = ", wanted pairs [layer below " + std::to_string(config.n_text_layer) +
                             ", head below " + std::to_string(config.n_text_head) + "]";
  const auto wrong = [&](const Json& found) {
    return fail(ErrorCode::CorruptModel, "alignment_heads: found " + excerpt(found) + wanted);
  };
  if (!entry->is_array()) return wrong(*entry);
  for (const Json& value : *entry) {
    if (!value.is_array() || value.size() != 2) return wrong(value);
    const auto layer = index_below(value[0], config.n_text_layer);
    const auto head = index_below(value[1], config.n_text_head);
    if (!layer || !head) return wrong(value);
    const std::pair pair(*layer, *head);
    if (std::ranges::find(config.alignment_heads, pair) != config.alignment_heads.end()) {
      return fail(ErrorCode::CorruptModel,
                  "alignment_heads: " + excerpt(value) + " is listed twice");
    }
    config.alignment_heads.push_back(pair);
  }
  return {};
}

void use_last_half(ModelConfig& config) {
  for (int layer = config.n_text_layer / 2; layer < config.n_text_layer; ++layer) {
    for (int head = 0; head < config.n_text_head; ++head) {
      config.alignment_heads.emplace_back(layer, head);
    }
  }
}

Result<void> read_entries(const Json& root, ModelConfig& config) {
  if (!root.is_object()) {
    return fail(ErrorCode::CorruptModel, "found " + excerpt(root) + ", wanted a JSON object");
  }
  const int n_vocab = config.n_vocab;
  if (auto read = read_tokens(root, "suppress_ids", n_vocab, config.suppress_tokens); !read) {
    return read;
  }
  if (auto read = read_tokens(root, "suppress_ids_begin", n_vocab, config.suppress_begin_tokens);
      !read) {
    return read;
  }
  return read_alignment_heads(root, config);
}

}  // namespace

Result<void> read_config_json(const std::filesystem::path& file, ModelConfig& config) {
  const auto in_file = [&](const Error& error) {
    return fail(error.code, "config '" + file.string() + "': " + error.message);
  };
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    const auto opened = RegularFile::open(file);
    if (!opened) return in_file(opened.error());
    const auto text = opened->read_all(kMaxBytes);
    if (!text) return in_file(text.error());
    const Json root = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
    if (root.is_discarded()) return in_file({ErrorCode::CorruptModel, "not valid JSON"});
    if (auto read = read_entries(root, config); !read) return in_file(read.error());
  }
  if (config.alignment_heads.empty()) use_last_half(config);
  return {};
}

}  // namespace npuwhisper
