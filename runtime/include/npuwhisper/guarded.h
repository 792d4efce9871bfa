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

/// The exception that is being handled, as an Error (Unavailable) about `what`. Where there is no
/// memory for the message, it is the shortest one, which needs none.
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
      return fail(ErrorCode::Unavailable, prefix + "found an exception of an unknown type");
    }
  } catch (...) {
    return fail(ErrorCode::Unavailable, "no memory");
  }
}

}  // namespace detail

/// Calls `body`, which returns a Result, and returns what it does. An exception becomes an Error
/// (Unavailable) about `what`. For the places that no exception may pass: the public functions, the
/// entry of a thread, and work that must be ended in any case. Reentrant.
template <typename Body>
auto guarded(std::string_view what, Body&& body) noexcept -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    return detail::caught(what);
  }
}

}  // namespace npuwhisper
