// SPDX-License-Identifier: LGPL-2.1-or-later
#include "caption_parts.h"

#include <algorithm>

#include "wrap.h"

namespace npuwhisper::cea608 {
namespace {

// The minimum length of a part of roll-up text, in columns. The part ends with the word that
// reaches this length. Only the last part of a text may be shorter.
constexpr std::size_t kRollUpPart = 12;

}  // namespace

std::vector<Caption> roll_up_parts(const Caption& text) {
  if (!text.end) return {text};
  const std::uint64_t duration = *text.end - text.start;
  const std::size_t n_glyphs = text.glyphs.size();
  std::vector<Caption> parts;
  for (std::size_t begin = 0; begin < n_glyphs;) {
    std::size_t end = std::min(begin + kRollUpPart, n_glyphs);
    while (end < n_glyphs && !text.glyphs[end].ends_word()) ++end;
    Caption part{.text_start = text.text_start};
    part.glyphs.assign(text.glyphs.begin() + static_cast<std::ptrdiff_t>(begin),
                       text.glyphs.begin() + static_cast<std::ptrdiff_t>(end));
    part.start = text.start + duration * begin / n_glyphs;
    part.end = text.start + duration * end / n_glyphs;
    parts.push_back(std::move(part));
    begin = end < n_glyphs && text.glyphs[end] == kSpace ? end + 1 : end;
  }
  return parts;
}

std::vector<Caption> block_parts(const Caption& text, std::size_t width) {
  std::vector<Row> rows = wrap(text.glyphs, width, 0);
  rows.erase(rows.begin());
  const std::size_t n_parts = (rows.size() + kMaxCaptionRows - 1) / kMaxCaptionRows;
  if (n_parts <= 1) return {text};
  const std::uint64_t duration = text.end ? *text.end - text.start : 0;
  std::vector<Caption> parts(n_parts, {.text_start = text.text_start});
  for (std::size_t i = 0; i < n_parts; ++i) {
    Caption& part = parts[i];
    part.start = text.start + duration * i / n_parts;
    if (text.end) part.end = text.start + duration * (i + 1) / n_parts;
    const std::size_t end = std::min(rows.size(), (i + 1) * kMaxCaptionRows);
    for (std::size_t row = i * kMaxCaptionRows; row < end; ++row) {
      if (!part.glyphs.empty()) part.glyphs.push_back(kNewRow);
      part.glyphs.insert(part.glyphs.end(), rows[row].begin(), rows[row].end());
    }
  }
  return parts;
}

}  // namespace npuwhisper::cea608
