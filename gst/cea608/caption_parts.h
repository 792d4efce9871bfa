// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "characters.h"

namespace npuwhisper::cea608 {

/// Rows that a caption has at most (CTA-608-E).
inline constexpr std::size_t kMaxCaptionRows = 4;

/// A text, or a part of one, with its times in slots.
struct Caption {
  std::vector<Glyph> glyphs{};
  std::uint64_t text_start = 0;  ///< Of the text that this is a part of.
  std::uint64_t start = 0;
  std::optional<std::uint64_t> end{};
};

/// A text as parts of a few words, each with the time that its place in the text suggests; a text
/// without an end is one part. Reentrant.
std::vector<Caption> roll_up_parts(const Caption& text);
/// A text as captions of up to kMaxCaptionRows rows of `width` columns, which share its time. One
/// that is not too long stays as it is. Reentrant.
std::vector<Caption> block_parts(const Caption& text, std::size_t width);

}  // namespace npuwhisper::cea608
