// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/captions.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "captions/block_captions.h"
#include "captions/bounded_captions.h"
#include "captions/build_up_captions.h"
#include "captions/upper_case_captions.h"

namespace npuwhisper {
namespace {

template <typename Maker>
std::unique_ptr<CaptionMaker> make(const CaptionLayout& layout) {
  return std::make_unique<Maker>(layout);
}

// A caption style and its properties.
struct Row {
  CaptionStyleEntry entry;
  int columns;
  std::unique_ptr<CaptionMaker> (*make)(const CaptionLayout&);
};

// The styles, in the order of their values.
constexpr Row kRows[] = {
    {{CaptionStyle::None, "none", "The transcriber's text, on one line", true},
     42,
     make<BlockCaptions>},
    {{CaptionStyle::Subtitle, "subtitle", "Two lines of 42 columns", true},
     42,
     make<BlockCaptions>},
    {{CaptionStyle::Broadcast, "broadcast", "Two lines of 32 columns", true},
     32,
     make<BlockCaptions>},
    {{CaptionStyle::BuildUp, "build-up",
      "Two lines that grow word by word; each buffer holds all visible text", false},
     42,
     make<BuildUpCaptions>},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (static_cast<std::size_t>(kRows[i].entry.style) != i) return false;
  }
  return true;
}
static_assert(is_in_order());

constexpr auto kEntries = [] {
  std::array<CaptionStyleEntry, std::size(kRows)> entries{};
  std::ranges::transform(kRows, entries.begin(), &Row::entry);
  return entries;
}();

const Row& row_of(CaptionStyle style) {
  return kRows[std::min(static_cast<std::size_t>(style), std::size(kRows) - 1)];
}

}  // namespace

std::span<const CaptionStyleEntry> caption_styles() {
  return kEntries;
}

std::string_view to_string(CaptionStyle style) {
  return row_of(style).entry.name;
}

Result<CaptionStyle> parse_caption_style(std::string_view name) {
  std::string names;
  for (const CaptionStyleEntry& entry : kEntries) {
    if (name == entry.name) return entry.style;
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  return fail(ErrorCode::InvalidArgument,
              "caption style '" + std::string(name) + "' is not one of " + names);
}

CaptionLayout CaptionLayout::of(CaptionStyle style, int columns, int lines) {
  CaptionLayout layout;
  layout.style = style;
  layout.columns = columns > 0 ? columns : row_of(style).columns;
  if (lines > 0) layout.lines = lines;
  layout.columns = std::max(layout.columns, kLeastColumns);
  layout.lines = std::max(layout.lines, 1);
  return layout;
}

std::unique_ptr<CaptionMaker> CaptionMaker::create(const CaptionLayout& layout) {
  auto maker = row_of(layout.style).make(layout);
  if (layout.upper_case) maker = std::make_unique<UpperCaseCaptions>(std::move(maker));
  return std::make_unique<BoundedCaptions>(std::move(maker));
}

}  // namespace npuwhisper
