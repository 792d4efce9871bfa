// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "characters.h"

namespace npuwhisper::cea608 {

using Row = std::vector<Glyph>;

/// Text as rows of at most `width` (at least 1) columns: at its new rows, between words, and within
/// words that are wider than a row. The first of the rows is the rest of one that was begun before
/// and has `room` columns; it comes back empty where nothing fits. Spaces at a row's end are
/// dropped.
std::vector<Row> wrap(std::span<const Glyph> text, std::size_t width, std::size_t room);

}  // namespace npuwhisper::cea608
