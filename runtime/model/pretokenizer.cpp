// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/pretokenizer.h"

#include <array>

#include "model/unicode_class.h"
#include "model/utf8.h"

namespace npuwhisper {
namespace {

struct ClassedCharacter {
  UnicodeClass unicode_class;
  std::size_t n_bytes;
};

ClassedCharacter first_character(std::string_view text) {
  const CodePoint first = first_code_point(text);
  return {first.is_valid ? unicode_class(first.value) : UnicodeClass::Other, first.n_bytes};
}

/// Returns the length in bytes of the characters of class `wanted` at the beginning of `text`.
std::size_t run_length(std::string_view text, UnicodeClass wanted) {
  std::size_t length = 0;
  while (length < text.size()) {
    const ClassedCharacter next = first_character(text.substr(length));
    if (next.unicode_class != wanted) break;
    length += next.n_bytes;
  }
  return length;
}

/// Returns the length in bytes of the first piece of a text that begins with a space. The last
/// character of a run of spaces belongs to the next piece ("\s+(?!\S)"), unless the run has only
/// one character or ends the text.
std::size_t spaces_length(std::string_view text) {
  const std::size_t run = run_length(text, UnicodeClass::Space);
  if (run == text.size()) return run;
  std::size_t last = 0;
  for (std::size_t at = 0; at < run; at += first_character(text.substr(at)).n_bytes) last = at;
  return last > 0 ? last : run;
}

}  // namespace

std::size_t first_piece_length(std::string_view text) {
  constexpr std::array<std::string_view, 7> kContractions = {"'s", "'t",  "'re", "'ve",
                                                             "'m", "'ll", "'d"};
  for (const std::string_view contraction : kContractions) {
    if (text.starts_with(contraction)) return contraction.size();
  }
  const std::size_t space = text.size() > 1 && text[0] == ' ' ? 1 : 0;
  const std::string_view word = text.substr(space);
  const UnicodeClass word_class = first_character(word).unicode_class;
  if (word_class == UnicodeClass::Space) return spaces_length(text);
  return space + run_length(word, word_class);
}

}  // namespace npuwhisper
