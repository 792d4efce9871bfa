// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cea608_receiver.h"

#include <glib.h>

#include <algorithm>
#include <cstdio>

namespace npuwhisper::test {
namespace {

// The character tables of CTA-608-E, each in the order of its codes. kBasic has the codes 0x20 to
// 0x7f, kSpecial 0x30 to 0x3f, and each of the other tables 0x20 to 0x3f.
const std::u32string kBasic =
    U" !\"#$%&'()á+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[é]íóúabcdefghijklmnopqrstuvwxyz"
    U"ç÷Ññ█";
const std::u32string kSpecial = U"®°½¿™¢£♪à èâêîôû";
const std::u32string kSpanishFrench = U"ÁÉÓÚÜü‘¡*'—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»";
const std::u32string kPortugueseGerman = U"ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤¦ÅåØø┌┐└┘";

// The rows (1 to 15, or 0 for none) that a preamble's first byte selects. `low` applies to second
// bytes below 0x60, `high` to the others.
struct PreambleRows {
  int first;
  int low;
  int high;
};
constexpr PreambleRows kPreambleRows[] = {{0x10, 11, 0},  {0x11, 1, 2},   {0x12, 3, 4},
                                          {0x13, 12, 13}, {0x14, 14, 15}, {0x15, 5, 6},
                                          {0x16, 7, 8},   {0x17, 9, 10}};

bool has_odd_parity(std::uint8_t byte) {
  int n_bits = 0;
  for (int bit = 0; bit < 8; ++bit) n_bits += byte >> bit & 1;
  return n_bits % 2 == 1;
}

std::string hex(int first, int second) {
  char text[8];
  std::snprintf(text, sizeof text, "%02x%02x", static_cast<unsigned>(first),
                static_cast<unsigned>(second));
  return text;
}

std::string utf8_of(const std::array<char32_t, 32>& row) {
  std::string text;
  for (const char32_t c : row) {
    gchar utf8[7] = {};
    g_unichar_to_utf8(c == 0 ? ' ' : static_cast<gunichar>(c), utf8);
    text += utf8;
  }
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

void Cea608Receiver::complain(const std::string& what) {
  if (complaint_.empty()) complaint_ = what;
}

void Cea608Receiver::feed(std::uint8_t first, std::uint8_t second) {
  if (!has_odd_parity(first) || !has_odd_parity(second)) {
    complain("wrong parity: " + hex(first, second));
    return;
  }
  const int a = first & 0x7f;
  const int b = second & 0x7f;
  const std::pair<int, int> none{0, 0};
  if (a >= 0x10 && a < 0x20 && last_code_ == std::pair{a, b}) {
    last_code_ = none;
    return;
  }
  if (last_code_ != none) complain("came once: " + hex(last_code_.first, last_code_.second));
  last_code_ = none;
  if (a >= 0x10 && a < 0x20) {
    last_code_ = {a, b};
    code(a, b);
    return;
  }
  if ((a != 0 && a < 0x20) || (b != 0 && b < 0x20)) complain("no character: " + hex(a, b));
  for (const int byte : {a, b}) {
    if (byte >= 0x20) write(kBasic[static_cast<std::size_t>(byte - 0x20)]);
  }
}

void Cea608Receiver::code(int first, int second) {
  const auto index = [&](int from) { return static_cast<std::size_t>(second - from); };
  if (second >= 0x40) {
    preamble(first, second);
  } else if (first == 0x14 && second >= 0x20 && second < 0x30) {
    miscellaneous(second);
  } else if (first == 0x17 && second >= 0x21 && second <= 0x23) {
    column_ = std::min(column_ + second - 0x20, kColumns - 1);
  } else if (first == 0x11 && second >= 0x30 && second < 0x40) {
    write(kSpecial[index(0x30)]);
  } else if ((first == 0x12 || first == 0x13) && second >= 0x20 && second < 0x40) {
    backspace();
    write((first == 0x12 ? kSpanishFrench : kPortugueseGerman)[index(0x20)]);
  } else {
    complain("unknown code " + hex(first, second));
  }
}

void Cea608Receiver::preamble(int first, int second) {
  const auto rows = std::find_if(std::begin(kPreambleRows), std::end(kPreambleRows),
                                 [&](const PreambleRows& r) { return r.first == first; });
  const int row = rows == std::end(kPreambleRows) ? 0 : second < 0x60 ? rows->low : rows->high;
  if (row == 0 || (second & 0x10) == 0 || (second & 1) != 0) {
    complain("not a preamble that indents: " + hex(first, second));
    return;
  }
  if (mode_ == Mode::RollUp && row - 1 != row_) {
    // The standard moves the window to the new base row. Here, the window must be empty instead.
    if (!screen().empty()) complain("roll-up moves while it shows text");
    if (row < depth_) complain("no room for roll-up above row " + std::to_string(row));
  }
  row_ = row - 1;
  column_ = (second >> 1 & 7) * 4;
}

void Cea608Receiver::miscellaneous(int second) {
  switch (second) {
    case 0x20:
      mode_ = Mode::PopOn;
      break;
    case 0x22:
      break;
    case 0x25:
    case 0x26:
    case 0x27:
      roll_up(second - 0x23);
      break;
    case 0x29:
      mode_ = Mode::PaintOn;
      break;
    case 0x2c:
      shown_ = {};
      break;
    case 0x2d:
      carriage_return();
      break;
    case 0x2e:
      hidden_ = {};
      break;
    case 0x2f:
      mode_ = Mode::PopOn;
      std::swap(shown_, hidden_);
      break;
    default:
      complain("unknown code " + hex(0x14, second));
  }
}

void Cea608Receiver::roll_up(int depth) {
  if (mode_ != Mode::RollUp) {
    shown_ = {};
    hidden_ = {};
    row_ = kRows - 1;
    column_ = 0;
  }
  mode_ = Mode::RollUp;
  depth_ = depth;
}

void Cea608Receiver::carriage_return() {
  if (mode_ != Mode::RollUp) return complain("carriage return without roll-up");
  const int top = row_ - depth_ + 1;
  for (int row = 0; row < kRows; ++row) {
    auto& cells = shown_[static_cast<std::size_t>(row)];
    if (row >= top && row < row_) {
      cells = shown_[static_cast<std::size_t>(row + 1)];
    } else {
      cells = {};
    }
  }
  column_ = 0;
}

void Cea608Receiver::write(char32_t character) {
  if (mode_ == Mode::None) return complain("a character in no mode");
  if (column_ >= kColumns) return complain("a character beyond the last column");
  target()[static_cast<std::size_t>(row_)][static_cast<std::size_t>(column_++)] = character;
}

void Cea608Receiver::backspace() {
  if (column_ == 0) return complain("a backspace in column 0");
  target()[static_cast<std::size_t>(row_)][static_cast<std::size_t>(--column_)] = 0;
}

std::vector<std::string> Cea608Receiver::screen() const {
  std::vector<std::string> rows;
  for (const auto& row : shown_) {
    std::string text = utf8_of(row);
    text.erase(0, text.find_first_not_of(' '));
    if (!text.empty()) rows.push_back(std::move(text));
  }
  return rows;
}

std::optional<std::pair<int, int>> Cea608Receiver::origin() const {
  for (int row = 0; row < kRows; ++row) {
    const auto& cells = shown_[static_cast<std::size_t>(row)];
    const auto first =
        std::find_if(cells.begin(), cells.end(), [](char32_t c) { return c != 0 && c != U' '; });
    if (first != cells.end()) return std::pair{row, static_cast<int>(first - cells.begin())};
  }
  return std::nullopt;
}

}  // namespace npuwhisper::test
