// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cue_text.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

namespace npuwhisper::cli {

std::string cue_timestamp(std::int64_t ms, char mark) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%02" PRId64 ":%02d:%02d%c%03d", ms / 3'600'000,
                static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1000 % 60), mark,
                static_cast<int>(ms % 1000));
  return text.data();
}

std::string escape_vtt(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string one_line(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  std::string line(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\r', ' ');
  return line;
}

}  // namespace npuwhisper::cli
