// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/api.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// A language that Whisper models know.
struct Language {
  std::string_view code;  ///< Whisper's: "en", "de", ..., "haw", "yue".
  std::string_view name;  ///< In English, lower case: "english", "haitian creole".
};

/// All languages that any Whisper model knows, in the order of their codes. A model may know fewer
/// (Engine::has_language): "yue" came with large-v3, and English-only models know "en" alone.
/// Thread-safe.
NPUWHISPER_API std::span<const Language> languages();

/// The English name of a language; empty if `code` is not a code of Whisper's. Thread-safe.
NPUWHISPER_API std::string_view language_name(std::string_view code);

/// Whisper's code of a language that a user wrote as a code ("de"), a tag with a region ("de-AT",
/// "pt_BR") or an English name ("German", "castilian"); upper and lower case are the same.
/// Empty and "auto" give an empty string: the language is to be detected. Thread-safe.
/// Errors: InvalidArgument, with a message for the user.
NPUWHISPER_API Result<std::string> parse_language(std::string_view text);

/// Whisper's codes of a list of languages with commas between ("en,de,spanish"), each as
/// parse_language() takes it, without repetitions. An empty text is an empty list. Thread-safe.
/// Errors: InvalidArgument; the message names every entry that is not a language.
NPUWHISPER_API Result<std::vector<std::string>> parse_languages(std::string_view text);

}  // namespace npuwhisper
