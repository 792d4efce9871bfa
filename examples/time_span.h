// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <npuwhisper/result.h>

namespace npuwhisper::cli {

/// The part of a file that is transcribed, in the file's times.
struct TimeSpan {
  std::chrono::nanoseconds start{0};
  std::optional<std::chrono::nanoseconds> end = {};  ///< Empty: to the end. Else > start.

  bool is_whole() const { return start.count() == 0 && !end; }
};

/// Reads SECONDS, MM:SS or HH:MM:SS, each with up to nine decimals of a second ("90", "1:30",
/// "0:01:30.250"). Without colons there may be any number of seconds; behind a colon there are two
/// digits, 00 to 59. Errors: InvalidArgument, with `text` and what is wanted.
Result<std::chrono::nanoseconds> parse_time(std::string_view text);

}  // namespace npuwhisper::cli
