// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <npuwhisper/guarded.h>

#include "c_api/handles.h"

namespace npuwhisper {

/// Returns a new error for the caller of a C function. If there is no memory for it, returns an
/// error with the code Unavailable that lives as long as the process.
npuwhisper_error* make_error(const Error& error) noexcept;

/// Returns a failure for the parameter `name`, which is NULL.
Failure null_parameter(std::string_view name);

/// Calls `body`, which returns Result<void>, for the C function `function`. Returns NULL after a
/// success, otherwise an error for the caller. Exceptions become errors.
template <typename Body>
npuwhisper_error* call(std::string_view function, Body&& body) noexcept {
  const Result<void> done = guarded(function, std::forward<Body>(body));
  return done ? nullptr : make_error(done.error());
}

/// Like call(), for a `body` that returns Result<T>. `*out` receives a new object with this value,
/// or NULL after a failure.
template <typename T, typename Body>
npuwhisper_error* create(std::string_view function, T** out, Body&& body) noexcept {
  if (out != nullptr) *out = nullptr;
  return call(function, [&]() -> Result<void> {
    if (out == nullptr) return null_parameter("output parameter");
    Result<T> value = body();
    if (!value) return fail(value.error());
    *out = std::make_unique<T>(std::move(*value)).release();
    return {};
  });
}

/// Returns the content of `text` for the caller of a C function. The result is valid as long
/// as `text`. Writes the length of `text` to `*length` unless `length` is NULL.
inline const char* give(const std::string& text, std::size_t* length) noexcept {
  if (length != nullptr) *length = text.size();
  return text.c_str();
}

/// Returns an empty string, the result of accessors for a NULL object.
inline const char* give_nothing(std::size_t* length) noexcept {
  if (length != nullptr) *length = 0;
  return "";
}

}  // namespace npuwhisper
