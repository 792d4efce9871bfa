// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/api.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// A language that Whisper models transcribe.
struct Language {
  std::string_view code;  ///< Whisper's code: "en", "de", ..., "haw", "yue".
  std::string_view name;  ///< English name in lower case: "english", "haitian creole".
};

/// Returns all languages that any Whisper model transcribes, sorted by code. A model may have fewer
/// languages (Engine::has_language): "yue" was added in large-v3, and English-only models have only
/// "en". Thread-safe.
NPUWHISPER_API std::span<const Language> languages();

/// Returns the English name of a language in lower case; empty if `code` is not a Whisper code.
/// Thread-safe.
NPUWHISPER_API std::string_view language_name(std::string_view code);

/// Returns Whisper's code of a language that a user wrote as a code ("de"), a tag with a region
/// ("de-AT", "pt_BR") or an English name ("German", "castilian"), in upper or lower case. For an
/// empty text and for "auto", returns an empty string, which requests detection of the language.
/// Thread-safe. Errors: InvalidArgument, with a message for the user.
NPUWHISPER_API Result<std::string> parse_language(std::string_view text);

/// Returns Whisper's codes of a comma-separated list of languages ("en,de,spanish"), without
/// duplicates. Each entry is written as for parse_language(), but must not be empty or "auto".
/// Returns an empty list for an empty text. Thread-safe. Errors: InvalidArgument; the message names
/// every invalid entry.
NPUWHISPER_API Result<std::vector<std::string>> parse_languages(std::string_view text);

}  // namespace npuwhisper
