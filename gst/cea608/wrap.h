// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "characters.h"

namespace npuwhisper::cea608 {

using Row = std::vector<Glyph>;

/// Splits text into rows of at most `width` columns (at least 1): at Glyph::Kind::NewRow, between
/// words, and within words that are wider than a row. The first row of the result continues an open
/// row that has `room` columns left, and is empty if nothing fits. Drops the space before a word
/// that starts a new row.
std::vector<Row> wrap(std::span<const Glyph> text, std::size_t width, std::size_t room);

}  // namespace npuwhisper::cea608
