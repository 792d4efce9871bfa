// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/captions.h>

#include <algorithm>

#include "captions/block_captions.h"
#include "captions/build_up_captions.h"

namespace npuwhisper {

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
  if (layout.style == CaptionStyle::BuildUp) return std::make_unique<BuildUpCaptions>(layout);
  return std::make_unique<BlockCaptions>(layout);
}

}  // namespace npuwhisper
