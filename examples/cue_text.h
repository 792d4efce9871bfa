// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// What cues are written with, in SubRip and WebVTT alike. Reentrant.
namespace npuwhisper::cli {

/// HH:MM:SS.mmm with the given decimal mark; `ms` is at least 0.
std::string cue_timestamp(std::int64_t ms, char mark);
/// WebVTT's escapes; with '>' among them no text can hold "-->".
std::string escape_vtt(std::string_view text);
/// Trimmed, and on one line: a line break would end a cue.
std::string one_line(std::string_view text);

}  // namespace npuwhisper::cli
