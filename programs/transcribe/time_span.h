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
  /// Empty: to the end of the file. Otherwise greater than `start`.
  std::optional<std::chrono::nanoseconds> end = {};

  bool is_whole() const { return start.count() == 0 && !end; }
};

/// Reads SECONDS, MM:SS or HH:MM:SS, each with up to nine decimals of a second ("90", "1:30",
/// "0:01:30.250"). Without colons, the number of seconds may exceed 59. Each colon is followed by
/// two digits, 00 to 59. Errors: InvalidArgument, with `text` and the accepted formats.
Result<std::chrono::nanoseconds> parse_time(std::string_view text);

}  // namespace npuwhisper::cli
