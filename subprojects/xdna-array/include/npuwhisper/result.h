// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

#include <npuwhisper/error.h>

namespace npuwhisper {

/// The return type of fail(). Converts to a failed Result of any type.
struct Failure {
  Error error;
};

[[nodiscard]] inline Failure fail(ErrorCode code, std::string message) {
  return Failure{Error{code, std::move(message)}};
}
[[nodiscard]] inline Failure fail(Error error) {
  return Failure{std::move(error)};
}

namespace detail {

/// Prints the line "npuwhisper: WHAT: MESSAGE" to stderr and aborts. The function is out of line
/// and cold, so access to a value costs the caller only a comparison and a branch that is not
/// taken.
[[noreturn, gnu::cold, gnu::noinline]] inline void abort_result(const char* what,
                                                                const char* message) noexcept {
  std::fprintf(stderr, "npuwhisper: %s: %s\n", what, message);
  std::fflush(stderr);
  std::abort();
}

[[noreturn, gnu::cold, gnu::noinline]] inline void abort_without_value(
    const Error& error) noexcept {
  abort_result("value of a failed Result", error.message.c_str());
}

[[noreturn, gnu::cold, gnu::noinline]] inline void abort_without_error() noexcept {
  abort_result("error() of a Result", "it succeeded and holds no error");
}

}  // namespace detail

/// Holds a value or an Error. Implements the part of std::expected (C++23) that this project uses.
/// In every build type, value(), operator* and operator-> of a failed Result print the error's
/// message to stderr and abort the program. error() of a successful Result also prints a message
/// to stderr and aborts the program. Reentrant.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool has_value() const { return state_.index() == 0; }

  T& value() & { return get(); }
  const T& value() const& { return const_cast<Result*>(this)->get(); }
  T&& value() && { return std::move(get()); }
  T& operator*() & { return get(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(get()); }
  T* operator->() { return &get(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    if (has_value()) [[unlikely]] {
      detail::abort_without_error();
    }
    return *std::get_if<1>(&state_);
  }

 private:
  T& get() {
    if (!has_value()) [[unlikely]] {
      detail::abort_without_value(*std::get_if<1>(&state_));
    }
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error. value() and error() abort under the same conditions as in
/// Result<T>.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : error_(std::move(failure.error)), ok_(false) {}

  explicit operator bool() const { return ok_; }
  bool has_value() const { return ok_; }

  void value() const {
    if (!ok_) [[unlikely]] {
      detail::abort_without_value(error_);
    }
  }

  const Error& error() const {
    if (ok_) [[unlikely]] {
      detail::abort_without_error();
    }
    return error_;
  }

 private:
  Error error_{};
  bool ok_ = true;
};

}  // namespace npuwhisper
