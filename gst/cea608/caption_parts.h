// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "characters.h"

namespace npuwhisper::cea608 {

/// The maximum number of rows of a caption (CTA-608-E).
inline constexpr std::size_t kMaxCaptionRows = 4;

/// A text or a part of a text. Times are in slots.
struct Caption {
  std::vector<Glyph> glyphs{};
  std::uint64_t text_start = 0;  ///< Start of the whole text.
  std::uint64_t start = 0;
  std::optional<std::uint64_t> end{};
};

/// Splits a text into parts of a few words. The parts divide the text's time in proportion to their
/// lengths. A text without an end stays one part. Reentrant.
std::vector<Caption> roll_up_parts(const Caption& text);
/// Splits a text into captions of at most kMaxCaptionRows rows of `width` columns. The captions
/// divide the text's time equally. If the text has no end, all captions start at its start and have
/// no end. A text that fits into one caption stays as it is. Reentrant.
std::vector<Caption> block_parts(const Caption& text, std::size_t width);

}  // namespace npuwhisper::cea608
