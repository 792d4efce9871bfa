// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// The parts of a timed text document that conforms both to EBU-TT-D (EBU Tech 3380, version 1.0.1)
/// and to the text profile of IMSC 1.1 (https://www.w3.org/TR/ttml-imsc1.1/). A document is
/// ttml_head(), then, if it has cues, kTtmlBodyBegin, ttml_cue()* and kTtmlBodyEnd, then kTtmlEnd.
/// All text is UTF-8. Reentrant.
namespace npuwhisper::cli {

/// Returns the beginning of a document: the root element's tag and the head, which places the cues
/// at the bottom of the picture, in white on black. `language` is a BCP 47 code, or "" if the
/// language is not known.
std::string ttml_head(std::string_view language);

inline constexpr std::string_view kTtmlBodyBegin = " <body>\n  <div>\n";
inline constexpr std::string_view kTtmlBodyEnd = "  </div>\n </body>\n";
inline constexpr std::string_view kTtmlEnd = "</tt>\n";

/// Returns a cue. `number` is unique in the document. `start` and `end` are in milliseconds, at
/// least 0. `text` may have several lines. Characters that XML does not allow are left out.
std::string ttml_cue(int number, std::int64_t start, std::int64_t end, std::string_view text);

}  // namespace npuwhisper::cli
