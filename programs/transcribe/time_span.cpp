// SPDX-License-Identifier: LGPL-2.1-or-later
#include "time_span.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

namespace npuwhisper::cli {
namespace {

constexpr std::size_t kMostDigits = 8;  // 99999999 seconds are three years.
constexpr std::size_t kMostDecimals = 9;

std::optional<std::int64_t> parse_digits(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return {};
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Returns the decimals of a second as nanoseconds.
std::optional<std::int64_t> parse_decimals(std::string_view text) {
  if (text.size() > kMostDecimals) return {};
  std::string digits(text);
  digits.resize(kMostDecimals, '0');
  return text.empty() ? std::nullopt : parse_digits(digits);
}

std::optional<std::chrono::nanoseconds> parse(std::string_view text) {
  std::int64_t decimals = 0;
  if (const auto point = text.find('.'); point != std::string_view::npos) {
    const auto found = parse_decimals(text.substr(point + 1));
    if (!found) return {};
    decimals = *found;
    text = text.substr(0, point);
  }
  std::int64_t seconds = 0;
  for (int n_parts = 1;; ++n_parts) {
    const auto colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    const auto value = parse_digits(part);
    if (!value || part.size() > kMostDigits) return {};
    if (n_parts > 1 && (part.size() != 2 || *value > 59)) return {};
    seconds = seconds * 60 + *value;
    if (colon == std::string_view::npos) break;
    if (n_parts == 3) return {};
    text.remove_prefix(colon + 1);
  }
  // A number of hours with kMostDigits digits could overflow the nanoseconds.
  if (seconds > 99'999'999) return {};
  return std::chrono::seconds(seconds) + std::chrono::nanoseconds(decimals);
}

}  // namespace

Result<std::chrono::nanoseconds> parse_time(std::string_view text) {
  if (const auto time = parse(text)) return *time;
  return fail(ErrorCode::InvalidArgument, "time '" + std::string(text) +
                                              "': wanted seconds (90.5), MM:SS (1:30.5) or "
                                              "HH:MM:SS (0:01:30.5)");
}

}  // namespace npuwhisper::cli
