// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/captions.h>

#include <algorithm>
#include <string>
#include <utility>

#include "captions/block_captions.h"
#include "captions/bounded_captions.h"
#include "captions/build_up_captions.h"
#include "captions/upper_case_captions.h"

namespace npuwhisper {

std::string_view to_string(CaptionStyle style) {
  switch (style) {
    case CaptionStyle::None:
      return "none";
    case CaptionStyle::Subtitle:
      return "subtitle";
    case CaptionStyle::Broadcast:
      return "broadcast";
    case CaptionStyle::BuildUp:
      break;
  }
  return "build-up";
}

Result<CaptionStyle> parse_caption_style(std::string_view name) {
  for (const CaptionStyle style : {CaptionStyle::None, CaptionStyle::Subtitle,
                                   CaptionStyle::Broadcast, CaptionStyle::BuildUp}) {
    if (name == to_string(style)) return style;
  }
  return fail(ErrorCode::InvalidArgument,
              "caption style '" + std::string(name) +
                  "' is not one of none, subtitle, broadcast, build-up");
}

CaptionLayout CaptionLayout::of(CaptionStyle style, int columns, int lines) {
  CaptionLayout layout;
  layout.style = style;
  if (style == CaptionStyle::Broadcast) layout.columns = 32;
  if (columns > 0) layout.columns = columns;
  if (lines > 0) layout.lines = lines;
  layout.columns = std::max(layout.columns, kLeastColumns);
  layout.lines = std::max(layout.lines, 1);
  return layout;
}

std::unique_ptr<CaptionMaker> CaptionMaker::create(const CaptionLayout& layout) {
  std::unique_ptr<CaptionMaker> maker;
  if (layout.style == CaptionStyle::BuildUp) {
    maker = std::make_unique<BuildUpCaptions>(layout);
  } else {
    maker = std::make_unique<BlockCaptions>(layout);
  }
  if (layout.upper_case) maker = std::make_unique<UpperCaseCaptions>(std::move(maker));
  return std::make_unique<BoundedCaptions>(std::move(maker));
}

}  // namespace npuwhisper
