// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace npuwhisper {

/// Returns `text` without ASCII white space at either end.
inline std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace npuwhisper
