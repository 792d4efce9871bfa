// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/hotword_list.h"

#include <algorithm>
#include <utility>

#include <unicase.h>

#include "base/trim.h"
#include "model/unicode_class.h"
#include "model/utf8.h"

namespace npuwhisper {
namespace {

/// Returns `text` without white space around it. Replaces white space within it by single spaces.
std::string collapse_space(std::string_view text) {
  std::string out;
  for (text = trim(text); !text.empty();) {
    const CodePoint c = first_code_point(text);
    if (unicode_class(c.value) != UnicodeClass::Space) {
      out += text.substr(0, c.n_bytes);
    } else if (!out.ends_with(' ')) {
      out += ' ';
    }
    text.remove_prefix(c.n_bytes);
  }
  return out;
}

/// Returns `phrase`, which must not be empty, with a capital first letter.
std::string capitalise(std::string_view phrase) {
  const CodePoint first = first_code_point(phrase);
  std::string capital;
  append_utf8(static_cast<char32_t>(uc_totitle(first.value)), capital);
  return capital + std::string(phrase.substr(first.n_bytes));
}

Failure too_many(std::size_t found, std::string_view what, std::size_t wanted) {
  return fail(ErrorCode::InvalidArgument, "hotwords: found " + std::to_string(found) + " " +
                                              std::string(what) + ", wanted at most " +
                                              std::to_string(wanted));
}

}  // namespace

std::vector<std::string> split_hotwords(std::string_view list) {
  std::vector<std::string> phrases;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(",\n"), list.size());
    std::string phrase = collapse_space(list.substr(0, end));
    if (!phrase.empty()) phrases.push_back(std::move(phrase));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return phrases;
}

Result<std::vector<std::vector<Token>>> spell_hotwords(std::string_view list,
                                                       const Tokenizer& tokenizer) {
  if (!is_valid_utf8(list)) {
    return fail(ErrorCode::InvalidArgument,
                "hotwords: found " + in_quotes(list) + ", wanted text in UTF-8");
  }
  const std::vector<std::string> phrases = split_hotwords(list);
  if (phrases.size() > kMaxHotwords) return too_many(phrases.size(), "phrases", kMaxHotwords);
  std::vector<std::vector<Token>> spellings;
  std::size_t n_tokens = 0;
  const auto add = [&](const std::string& form) {
    for (const std::string& spelling : {" " + form, form}) {
      spellings.push_back(tokenizer.encode(spelling));
      n_tokens += spellings.back().size();
    }
  };
  for (const std::string& phrase : phrases) {
    add(phrase);
    if (const std::string capital = capitalise(phrase); capital != phrase) add(capital);
  }
  if (n_tokens > kMaxHotwordTokens) return too_many(n_tokens, "tokens", kMaxHotwordTokens);
  return spellings;
}

}  // namespace npuwhisper
