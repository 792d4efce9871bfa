// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <npuwhisper/result.h>

namespace npuwhisper {

namespace detail {

/// Converts the exception that is being handled to an Error (Unavailable) whose message begins with
/// `what`. If there is not enough memory for this message, the message is "no memory".
[[gnu::cold, gnu::noinline]] inline Failure caught(std::string_view what) noexcept {
  try {
    const std::string prefix = std::string(what) + ": ";
    try {
      throw;
    } catch (const std::bad_alloc&) {
      return fail(ErrorCode::Unavailable, prefix + "not enough memory");
    } catch (const std::exception& error) {
      return fail(ErrorCode::Unavailable, prefix + error.what());
    } catch (...) {
      return fail(ErrorCode::Unavailable, prefix + "an exception of unknown type");
    }
  } catch (...) {
    return fail(ErrorCode::Unavailable, "no memory");
  }
}

}  // namespace detail

/// Calls `body` and returns its Result. If `body` throws, returns an Error (Unavailable) whose
/// message begins with `what`. Used in code that must not let an exception escape: public
/// functions, the entry points of threads, and work before a cleanup that must always run.
/// Reentrant.
template <typename Body>
auto guarded(std::string_view what, Body&& body) noexcept -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    return detail::caught(what);
  }
}

}  // namespace npuwhisper
