// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/vocabulary_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "model/regular_file.h"
#include "model/utf8.h"

namespace npuwhisper {
namespace {

using Json = nlohmann::json;

/// Limit of the file's size. Whisper's largest vocabulary file, a tokenizer.json, has 2.5 MB.
constexpr std::uint64_t kMaxFileBytes = 64U << 20;

/// Collects spellings by id, in any order. Stores the error of a put() that failed.
class SpellingList {
 public:
  explicit SpellingList(int max_tokens) : max_tokens_(static_cast<std::size_t>(max_tokens)) {}

  bool append(std::string spelling) { return put(spellings_.size(), std::move(spelling)); }

  bool put(std::uint64_t id, std::string spelling) {
    if (id >= max_tokens_) {
      error_ = "found token id " + std::to_string(id) + ", wanted ids below " +
               std::to_string(max_tokens_);
      return false;
    }
    if (id >= spellings_.size()) spellings_.resize(id + 1);
    std::string& entry = spellings_[id];
    if (!entry.empty() && entry != spelling) {
      error_ = "token id " + std::to_string(id) + " is both " + in_quotes(entry) + " and " +
               in_quotes(spelling);
      return false;
    }
    entry = std::move(spelling);
    return true;
  }

  const std::string& error() const { return error_; }
  std::vector<std::string> take() { return std::move(spellings_); }

 private:
  std::size_t max_tokens_;
  std::vector<std::string> spellings_;
  std::string error_;
};

/// The base class of the JSON readers. Ignores all events except parse errors.
class JsonEvents : public nlohmann::json_sax<Json> {
 public:
  explicit JsonEvents(SpellingList& list) : list_(list) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    error_ = "not valid JSON at byte " + std::to_string(position);
    return false;
  }

  std::string error() const { return error_.empty() ? list_.error() : error_; }

 protected:
  bool refuse(std::string message) {
    error_ = std::move(message);
    return false;
  }
  SpellingList& list_;

 private:
  std::string error_;
};

/// Reads vocabulary.json: ["!", "\"", ...]
class VocabularyArray : public JsonEvents {
 public:
  using JsonEvents::JsonEvents;

  bool start_array(std::size_t) override { return ++depth_ == 1 || unexpected(); }
  bool string(string_t& spelling) override {
    return depth_ == 1 ? list_.append(std::move(spelling)) : unexpected();
  }
  bool null() override { return unexpected(); }
  bool boolean(bool) override { return unexpected(); }
  bool number_integer(number_integer_t) override { return unexpected(); }
  bool number_unsigned(number_unsigned_t) override { return unexpected(); }
  bool number_float(number_float_t, const string_t&) override { return unexpected(); }
  bool start_object(std::size_t) override { return unexpected(); }

 private:
  bool unexpected() { return refuse("wanted one array of strings"); }
  int depth_ = 0;
};

/// Reads tokenizer.json:
/// {"added_tokens": [{"id": 50257, "content": "<|endoftext|>"}], "model": {"vocab": {"!": 0}}}
class TokenizerObject : public JsonEvents {
 public:
  using JsonEvents::JsonEvents;

  bool start_object(std::size_t) override { return enter(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool end_object() override {
    if (is_added_token()) {
      if (!id_ || !content_) return refuse("an added token has no id or no content");
      if (!list_.put(*id_, std::move(*content_))) return false;
      id_.reset();
      content_.reset();
    }
    return leave();
  }
  bool key(string_t& name) override {
    if (depth_ <= keys_.size()) keys_[depth_ - 1] = std::move(name);
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ == 3 && keys_[0] == "model" && keys_[1] == "vocab") {
      return list_.put(value, std::move(keys_[2]));
    }
    if (is_added_token() && keys_[2] == "id") id_ = value;
    return true;
  }
  bool string(string_t& text) override {
    if (is_added_token() && keys_[2] == "content") content_ = std::move(text);
    return true;
  }

 private:
  bool enter() {
    if (depth_ < keys_.size()) keys_[depth_].clear();
    ++depth_;
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }
  bool is_added_token() const { return depth_ == 3 && keys_[0] == "added_tokens"; }

  std::size_t depth_ = 0;
  std::array<std::string, 3> keys_;  // The keys that lead to the current value; empty in an array.
  std::optional<std::uint64_t> id_;
  std::optional<std::string> content_;
};

/// Reads vocab.json or added_tokens.json: {"!": 0, "\"": 1}
class VocabularyMap : public JsonEvents {
 public:
  using JsonEvents::JsonEvents;

  bool start_object(std::size_t) override { return ++depth_ == 1 || unexpected(); }
  bool key(string_t& name) override {
    name_ = std::move(name);
    return true;
  }
  bool number_unsigned(number_unsigned_t id) override {
    return depth_ == 1 ? list_.put(id, std::move(name_)) : unexpected();
  }
  bool string(string_t&) override { return unexpected(); }
  bool null() override { return unexpected(); }
  bool boolean(bool) override { return unexpected(); }
  bool number_integer(number_integer_t) override { return unexpected(); }
  bool number_float(number_float_t, const string_t&) override { return unexpected(); }
  bool start_array(std::size_t) override { return unexpected(); }

 private:
  bool unexpected() { return refuse("wanted one object of token ids"); }
  int depth_ = 0;
  std::string name_;
};

template <typename Reader>
std::string read_json(std::string_view text, SpellingList& list) {
  Reader reader(list);
  return Json::sax_parse(text, &reader) ? std::string() : reader.error();
}

std::string read_lines(std::string_view text, SpellingList& list) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // Spellings contain no carriage return. A carriage return at the end of a line belongs to a
    // Windows line ending.
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!list.append(std::string(line))) return list.error();
  }
  return {};
}

using ReadSpellings = std::string (*)(std::string_view text, SpellingList& list);

/// Adds the tokens of a file to `list`. Returns false if the file does not exist.
Result<bool> read_file(const std::filesystem::path& file, ReadSpellings read, SpellingList& list) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return false;
  const auto in_file = [&](const Error& failure) {
    return fail(failure.code, "vocabulary '" + file.string() + "': " + failure.message);
  };
  const auto opened = RegularFile::open(file);
  if (!opened) return in_file(opened.error());
  const auto text = opened->read_all(kMaxFileBytes);
  if (!text) return in_file(text.error());
  if (const std::string message = read(*text, list); !message.empty()) {
    return in_file({ErrorCode::CorruptModel, message});
  }
  return true;
}

}  // namespace

Result<Vocabulary> read_vocabulary(const std::filesystem::path& folder, int max_tokens) {
  struct Format {
    const char* name;
    ReadSpellings read;
    const char* more;  // Name of an optional second file of the same format; or nullptr.
  };
  constexpr std::array kFormats = {
      Format{"vocabulary.json", read_json<VocabularyArray>, nullptr},
      Format{"vocabulary.txt", read_lines, nullptr},
      Format{"tokenizer.json", read_json<TokenizerObject>, nullptr},
      Format{"vocab.json", read_json<VocabularyMap>, "added_tokens.json"},
  };
  for (const Format& format : kFormats) {
    SpellingList list(max_tokens);
    auto found = read_file(folder / format.name, format.read, list);
    if (found && *found && format.more != nullptr) {
      if (const auto more = read_file(folder / format.more, format.read, list); !more) {
        found = fail(more.error());
      }
    }
    if (!found) return fail(found.error());
    if (*found) return Vocabulary{folder / format.name, list.take()};
  }
  return fail(ErrorCode::NotFound,
              "model '" + folder.string() +
                  "': no vocabulary.json, vocabulary.txt, tokenizer.json or vocab.json");
}

}  // namespace npuwhisper
