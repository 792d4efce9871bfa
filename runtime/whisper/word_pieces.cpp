// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/word_pieces.h"

#include <algorithm>
#include <array>

#include "base/trim.h"
#include "model/utf8.h"
#include "whisper/punctuation.h"

namespace npuwhisper {
namespace {

/// Text of this many bytes becomes a unit even if it is only white space or ends within a
/// character.
constexpr std::size_t kLongestUnit = 512;

std::size_t length_from_first_byte(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  if (value >= 0xC2 && value <= 0xDF) return 2;
  if (value >= 0xE0 && value <= 0xEF) return 3;
  if (value >= 0xF0 && value <= 0xF4) return 4;
  return 1;
}

/// Returns whether `bytes` end within a character that more bytes could complete.
bool ends_within_character(std::string_view bytes) {
  while (!bytes.empty()) {
    const CodePoint character = first_code_point(bytes);
    if (!character.is_valid && character.n_bytes == bytes.size()) {
      return length_from_first_byte(bytes[0]) > bytes.size();
    }
    bytes.remove_prefix(character.n_bytes);
  }
  return false;
}

struct UnitText {
  std::size_t n_bytes = 0;
  bool is_spoken = false;
  bool opens = true;
};

UnitText read_unit(std::string_view bytes) {
  UnitText unit;
  const bool after_space = bytes.starts_with(' ');
  bool is_blank = true;
  while (!bytes.empty()) {
    const CodePoint character = first_code_point(bytes);
    bytes.remove_prefix(character.n_bytes);
    constexpr std::size_t kReplacementBytes = 3;
    unit.n_bytes += character.is_valid ? character.n_bytes : kReplacementBytes;
    if (is_silent(character.value)) {
      if (is_space(character.value)) continue;
      unit.opens = unit.opens && is_opening(character.value, after_space);
    } else {
      unit.is_spoken = true;
    }
    is_blank = false;
  }
  unit.opens = unit.opens && !unit.is_spoken && !is_blank;
  return unit;
}

}  // namespace

bool is_written_without_spaces(std::string_view language) {
  constexpr std::array<std::string_view, 6> kLanguages = {"zh", "ja", "th", "lo", "my", "yue"};
  return std::ranges::find(kLanguages, language) != kLanguages.end();
}

WordSplitter::WordSplitter(const Tokenizer& tokenizer, std::size_t max_tokens)
    : tokenizer_(tokenizer) {
  bytes_.reserve(2 * kLongestUnit);
  pieces_.reserve(max_tokens);
  groups_.reserve(max_tokens);
}

std::span<const WordPiece> WordSplitter::split(std::span<const Token> tokens, bool by_character) {
  pieces_.clear();
  bytes_.clear();
  std::size_t first = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    bytes_ += tokenizer_.bytes(tokens[i]);
    const bool is_last = i + 1 == tokens.size();
    const bool is_begun = ends_within_character(bytes_) || trim(bytes_).empty();
    if (!is_last && bytes_.size() < kLongestUnit && is_begun) continue;
    add_unit(first, i + 1, by_character);
    first = i + 1;
    bytes_.clear();
  }
  return pieces_;
}

/// Adds a unit: text that ends at a character's end and is not only white space. The unit begins a
/// piece where a word may begin. Otherwise, the unit extends the previous piece.
void WordSplitter::add_unit(std::size_t first_token, std::size_t end_token, bool by_character) {
  const UnitText unit = read_unit(bytes_);
  const bool begins = pieces_.empty() || by_character || bytes_.starts_with(' ') ||
                      (!unit.is_spoken && unit.n_bytes > 0);
  if (begins) {
    pieces_.push_back({first_token, end_token, unit.n_bytes, unit.is_spoken, unit.opens});
    return;
  }
  WordPiece& piece = pieces_.back();
  piece.end_token = end_token;
  piece.n_bytes += unit.n_bytes;
  piece.is_spoken = piece.is_spoken || unit.is_spoken;
  piece.opens = piece.opens && !piece.is_spoken;
}

std::span<const WordGroup> WordSplitter::group() {
  groups_.clear();
  // Index of the first piece that belongs to no word yet.
  std::size_t first = 0;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (pieces_[i].is_spoken) {
      groups_.push_back({first, i + 1, i});
    } else if (!pieces_[i].opens && !groups_.empty()) {
      groups_.back().end = i + 1;
    } else {
      continue;
    }
    first = i + 1;
  }
  if (first == pieces_.size()) return groups_;
  if (groups_.empty()) {
    groups_.push_back({0, pieces_.size(), 0});
  } else {
    groups_.back().end = pieces_.size();
  }
  return groups_;
}

}  // namespace npuwhisper
