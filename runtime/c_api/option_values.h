// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// Returns a failure for the value `text` of the option `name`.
inline Failure wrong_value(std::string_view name, std::string_view text, std::string_view wanted) {
  std::string message(name);
  message.append(": found '").append(text).append("', wanted ").append(wanted);
  return fail(ErrorCode::InvalidArgument, std::move(message));
}

/// Converts `text` to a number, independently of the locale. Errors: InvalidArgument, with `wanted`
/// as the description of valid values.
template <typename T>
Result<T> parse_number(std::string_view name, std::string_view text, std::string_view wanted) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  return wrong_value(name, text, wanted);
}

/// Returns the entry of `values` with the name `text`. `name`: the option's name, for the error.
/// Errors: InvalidArgument, with the names of all values.
template <typename T, std::size_t n>
Result<T> parse_name(const std::pair<std::string_view, T> (&values)[n], std::string_view name,
                     std::string_view text) {
  std::string wanted;
  for (const auto& [known, value] : values) {
    if (known == text) return value;
    wanted.append(wanted.empty() ? "one of " : ", ").append(known);
  }
  return wrong_value(name, text, wanted);
}

/// Converts texts to values of type T. parse() takes the name of the option and the text. Its
/// errors (InvalidArgument) name the option, the text found and the values wanted.
template <typename T>
struct OptionValue;

template <>
struct OptionValue<std::string> {
  static Result<std::string> parse(std::string_view, std::string_view text) {
    return std::string(text);
  }
};

template <>
struct OptionValue<bool> {
  static Result<bool> parse(std::string_view name, std::string_view text) {
    return parse_name<bool>({{"true", true}, {"false", false}}, name, text);
  }
};

template <std::integral T>
struct OptionValue<T> {
  static Result<T> parse(std::string_view name, std::string_view text) {
    using Limits = std::numeric_limits<T>;
    return parse_number<T>(name, text,
                           "a whole number from " + std::to_string(Limits::min()) + " to " +
                               std::to_string(Limits::max()));
  }
};

template <>
struct OptionValue<float> {
  static Result<float> parse(std::string_view name, std::string_view text) {
    return parse_number<float>(name, text, "a number such as 0.5");
  }
};

/// Converts numbers that are separated by commas.
template <>
struct OptionValue<std::vector<float>> {
  static Result<std::vector<float>> parse(std::string_view name, std::string_view text) {
    std::vector<float> values;
    for (;;) {
      const auto comma = text.find(',');
      const auto value = OptionValue<float>::parse(name, text.substr(0, comma));
      if (!value) return fail(value.error());
      values.push_back(*value);
      if (comma == std::string_view::npos) return values;
      text.remove_prefix(comma + 1);
    }
  }
};

template <>
struct OptionValue<std::chrono::milliseconds> {
  static Result<std::chrono::milliseconds> parse(std::string_view name, std::string_view text) {
    const auto count = OptionValue<std::int32_t>::parse(name, text);
    if (!count) return fail(count.error());
    return std::chrono::milliseconds(*count);
  }
};

/// Converts "off" to nullopt, and other texts to a value of type T.
template <typename T>
struct OptionValue<std::optional<T>> {
  static Result<std::optional<T>> parse(std::string_view name, std::string_view text) {
    if (text == "off") return std::optional<T>();
    auto value = OptionValue<T>::parse(name, text);
    if (!value) return fail(value.error());
    return std::optional<T>(std::move(*value));
  }
};

}  // namespace npuwhisper
