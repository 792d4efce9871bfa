// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Text helpers for cues, shared by SubRip and WebVTT. Reentrant.
namespace npuwhisper::cli {

/// Returns HH:MM:SS.mmm with the given decimal mark. `ms` is at least 0.
std::string cue_timestamp(std::int64_t ms, char mark);
/// Returns the text with WebVTT's escapes. '>' is escaped too, so no text can contain "-->".
std::string escape_vtt(std::string_view text);
/// Returns the text trimmed and on one line. A line break could make an empty line, which ends a
/// cue.
std::string one_line(std::string_view text);

}  // namespace npuwhisper::cli
