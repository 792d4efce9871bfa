// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/utf8.h"

#include <cassert>
#include <cstdint>

namespace npuwhisper {

CodePoint first_code_point(std::string_view text) {
  assert(!text.empty());
  const auto lead = static_cast<std::uint8_t>(text[0]);
  if (lead < 0x80) return {lead, 1, true};

  // The lead byte determines the length and the range of the second byte. The range excludes
  // overlong forms, surrogates and values above U+10FFFF (Unicode table 3-7).
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {};
  }

  char32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {.n_bytes = i};
    const auto next = static_cast<std::uint8_t>(text[i]);
    if (next < low || next > high) return {.n_bytes = i};
    value = value << 6 | (next & 0x3FU);
    low = 0x80;
    high = 0xBF;
  }
  return {value, length, true};
}

void append_utf8(char32_t code_point, std::string& text) {
  const auto push = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  const auto push_tail = [&](int shift) { push(0x80U | (code_point >> shift & 0x3FU)); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0U | code_point >> 6);
    push_tail(0);
  } else if (code_point < 0x10000) {
    push(0xE0U | code_point >> 12);
    push_tail(6);
    push_tail(0);
  } else {
    push(0xF0U | code_point >> 18);
    push_tail(12);
    push_tail(6);
    push_tail(0);
  }
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint character = first_code_point(text);
    if (!character.is_valid) return false;
    text.remove_prefix(character.n_bytes);
  }
  return true;
}

std::string to_valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const CodePoint first = first_code_point(text);
    if (first.is_valid) {
      valid.append(text.substr(0, first.n_bytes));
    } else {
      append_utf8(kReplacementCharacter, valid);
    }
    text.remove_prefix(first.n_bytes);
  }
  return valid;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMaxBytes = 80;
  const bool is_long = text.size() > kMaxBytes;
  std::string shown = to_valid_utf8(text.substr(0, kMaxBytes));
  for (char& c : shown) {
    if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return "'" + shown + (is_long ? "...'" : "'");
}

}  // namespace npuwhisper
