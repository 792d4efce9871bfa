// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wrap.h"

#include <algorithm>

namespace npuwhisper::cea608 {

std::vector<Row> wrap(std::span<const Glyph> text, std::size_t width, std::size_t room) {
  std::vector<Row> rows(1);
  const auto new_row = [&] {
    rows.emplace_back();
    room = width;
  };
  while (!text.empty()) {
    if (text.front().kind == Glyph::Kind::NewRow) {
      new_row();
      text = text.subspan(1);
      continue;
    }
    if (text.front().kind == Glyph::Kind::Space) {
      if (!rows.back().empty()) rows.back().push_back(kSpace);
      text = text.subspan(1);
      continue;
    }
    const auto end =
        std::find_if(text.begin(), text.end(), [](const Glyph& g) { return g.ends_word(); });
    auto length = static_cast<std::size_t>(end - text.begin());
    if (rows.back().size() + length > room) {
      const bool begins_a_row = rows.back().empty() && room == width;
      if (!begins_a_row) {
        if (!rows.back().empty() && rows.back().back() == kSpace) rows.back().pop_back();
        new_row();
      }
      length = std::min(length, width);
    }
    rows.back().insert(rows.back().end(), text.begin(),
                       text.begin() + static_cast<std::ptrdiff_t>(length));
    text = text.subspan(length);
  }
  return rows;
}

}  // namespace npuwhisper::cea608
