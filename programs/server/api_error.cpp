// SPDX-License-Identifier: LGPL-2.1-or-later
#include "api_error.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "programs/common/json_line.h"

namespace npuwhisper::server {
namespace {

const char* type_of(unsigned status) {
  if (status == 401 || status == 403) return "authentication_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

}  // namespace

std::string ApiError::json() const {
  const nlohmann::ordered_json object = {{"error",
                                          {{"message", message},
                                           {"type", type_of(status)},
                                           {"param", text_or_null(param)},
                                           {"code", text_or_null(code)}}}};
  // A message may quote bytes of the request, which need not be UTF-8.
  return cli::json_line(object);
}

ApiError bad_field(const std::string& param, std::string message) {
  return {.status = 400, .message = std::move(message), .param = param};
}

ApiError api_error_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::Unsupported:
      return {.status = 400, .message = error.message};
    case ErrorCode::Unavailable:
      return {.status = 503, .message = error.message};
    default:
      return {.status = 500, .message = error.message};
  }
}

}  // namespace npuwhisper::server
