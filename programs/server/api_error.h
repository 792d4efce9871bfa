// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <npuwhisper/error.h>

namespace npuwhisper::server {

/// An error answer in the form of the OpenAI interface.
struct ApiError {
  unsigned status = 500;  ///< HTTP status.
  std::string message;
  std::string param{};  ///< Field of the form that caused the error; empty: none.
  std::string code{};   ///< Code for programs, such as "model_not_found"; empty: none.

  /// Returns the JSON object {"error": {"message", "type", "param", "code"}}. The type depends on
  /// the status.
  std::string json() const;
};

/// Returns an error of the request: 400, caused by the field `param`.
ApiError bad_field(const std::string& param, std::string message);
/// Returns the answer for an error of the library: InvalidArgument and Unsupported become 400,
/// Unavailable becomes 503, other codes become 500.
ApiError api_error_of(const Error& error);

}  // namespace npuwhisper::server
