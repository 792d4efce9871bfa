// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/languages.h>

#include <algorithm>
#include <array>
#include <optional>

namespace npuwhisper {
namespace {

/// The codes of Whisper's vocabulary, in alphabetical order, and the English names that
/// openai/whisper accepts for them.
constexpr std::array kLanguages = {
    Language{"af", "afrikaans"},   Language{"am", "amharic"},
    Language{"ar", "arabic"},      Language{"as", "assamese"},
    Language{"az", "azerbaijani"}, Language{"ba", "bashkir"},
    Language{"be", "belarusian"},  Language{"bg", "bulgarian"},
    Language{"bn", "bengali"},     Language{"bo", "tibetan"},
    Language{"br", "breton"},      Language{"bs", "bosnian"},
    Language{"ca", "catalan"},     Language{"cs", "czech"},
    Language{"cy", "welsh"},       Language{"da", "danish"},
    Language{"de", "german"},      Language{"el", "greek"},
    Language{"en", "english"},     Language{"es", "spanish"},
    Language{"et", "estonian"},    Language{"eu", "basque"},
    Language{"fa", "persian"},     Language{"fi", "finnish"},
    Language{"fo", "faroese"},     Language{"fr", "french"},
    Language{"gl", "galician"},    Language{"gu", "gujarati"},
    Language{"ha", "hausa"},       Language{"haw", "hawaiian"},
    Language{"he", "hebrew"},      Language{"hi", "hindi"},
    Language{"hr", "croatian"},    Language{"ht", "haitian creole"},
    Language{"hu", "hungarian"},   Language{"hy", "armenian"},
    Language{"id", "indonesian"},  Language{"is", "icelandic"},
    Language{"it", "italian"},     Language{"ja", "japanese"},
    Language{"jw", "javanese"},    Language{"ka", "georgian"},
    Language{"kk", "kazakh"},      Language{"km", "khmer"},
    Language{"kn", "kannada"},     Language{"ko", "korean"},
    Language{"la", "latin"},       Language{"lb", "luxembourgish"},
    Language{"ln", "lingala"},     Language{"lo", "lao"},
    Language{"lt", "lithuanian"},  Language{"lv", "latvian"},
    Language{"mg", "malagasy"},    Language{"mi", "maori"},
    Language{"mk", "macedonian"},  Language{"ml", "malayalam"},
    Language{"mn", "mongolian"},   Language{"mr", "marathi"},
    Language{"ms", "malay"},       Language{"mt", "maltese"},
    Language{"my", "myanmar"},     Language{"ne", "nepali"},
    Language{"nl", "dutch"},       Language{"nn", "nynorsk"},
    Language{"no", "norwegian"},   Language{"oc", "occitan"},
    Language{"pa", "punjabi"},     Language{"pl", "polish"},
    Language{"ps", "pashto"},      Language{"pt", "portuguese"},
    Language{"ro", "romanian"},    Language{"ru", "russian"},
    Language{"sa", "sanskrit"},    Language{"sd", "sindhi"},
    Language{"si", "sinhala"},     Language{"sk", "slovak"},
    Language{"sl", "slovenian"},   Language{"sn", "shona"},
    Language{"so", "somali"},      Language{"sq", "albanian"},
    Language{"sr", "serbian"},     Language{"su", "sundanese"},
    Language{"sv", "swedish"},     Language{"sw", "swahili"},
    Language{"ta", "tamil"},       Language{"te", "telugu"},
    Language{"tg", "tajik"},       Language{"th", "thai"},
    Language{"tk", "turkmen"},     Language{"tl", "tagalog"},
    Language{"tr", "turkish"},     Language{"tt", "tatar"},
    Language{"uk", "ukrainian"},   Language{"ur", "urdu"},
    Language{"uz", "uzbek"},       Language{"vi", "vietnamese"},
    Language{"yi", "yiddish"},     Language{"yo", "yoruba"},
    Language{"yue", "cantonese"},  Language{"zh", "chinese"},
};

/// Further names that openai/whisper accepts, and the usual codes of two languages for which
/// Whisper has other codes.
constexpr std::array kOtherNames = {
    Language{"ca", "valencian"}, Language{"es", "castilian"},
    Language{"ht", "haitian"},   Language{"lb", "letzeburgesch"},
    Language{"my", "burmese"},   Language{"nl", "flemish"},
    Language{"pa", "panjabi"},   Language{"ps", "pushto"},
    Language{"ro", "moldavian"}, Language{"ro", "moldovan"},
    Language{"si", "sinhalese"}, Language{"zh", "mandarin"},
    Language{"jw", "jv"},        Language{"no", "nb"},
};

/// Returns `text` with ASCII letters in lower case. No code or name has other letters.
std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

std::string_view trim_spaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) + 1 - first);
}

/// Returns the code of the language that `text` names. Ignores case, spaces around the text, and a
/// region after a code ("de-DE"). Returns "" for "auto" and for an empty text. Returns nullopt if
/// the text names no language.
std::optional<std::string> find_code(std::string_view text) {
  const std::string wanted = lower_case(trim_spaces(text));
  if (wanted.empty() || wanted == "auto") return std::string();
  const std::string_view code = std::string_view(wanted).substr(0, wanted.find_first_of("-_"));
  if (!language_name(code).empty()) return std::string(code);
  const auto is_wanted = [&](const Language& language) { return language.name == wanted; };
  if (const auto found = std::ranges::find_if(kLanguages, is_wanted); found != kLanguages.end()) {
    return std::string(found->code);
  }
  if (const auto found = std::ranges::find_if(kOtherNames, is_wanted); found != kOtherNames.end()) {
    return std::string(found->code);
  }
  return std::nullopt;
}

}  // namespace

std::span<const Language> languages() {
  return kLanguages;
}

std::string_view language_name(std::string_view code) {
  const auto found = std::ranges::lower_bound(kLanguages, code, {}, &Language::code);
  return found != kLanguages.end() && found->code == code ? found->name : std::string_view();
}

Result<std::string> parse_language(std::string_view text) {
  if (auto code = find_code(text)) return std::move(*code);
  return fail(ErrorCode::InvalidArgument, "language '" + std::string(text) +
                                              "' is unknown: wanted auto, a code such as de, or "
                                              "an English name such as german");
}

Result<std::vector<std::string>> parse_languages(std::string_view text) {
  std::vector<std::string> codes;
  std::string unknown;
  for (bool is_last = trim_spaces(text).empty(); !is_last;) {
    const auto comma = text.find(',');
    is_last = comma == std::string_view::npos;
    const std::string_view entry = text.substr(0, comma);
    const auto code = find_code(entry);
    if (!code || code->empty()) {
      unknown += (unknown.empty() ? "'" : ", '") + std::string(trim_spaces(entry)) + "'";
    } else if (std::ranges::find(codes, *code) == codes.end()) {
      codes.push_back(*code);
    }
    if (!is_last) text.remove_prefix(comma + 1);
  }
  if (unknown.empty()) return codes;
  return fail(ErrorCode::InvalidArgument, "languages: " + unknown +
                                              " unknown: wanted codes such as en,de,es or English "
                                              "names, with commas between");
}

}  // namespace npuwhisper
