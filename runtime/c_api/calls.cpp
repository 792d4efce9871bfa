// SPDX-License-Identifier: LGPL-2.1-or-later
#include "c_api/calls.h"

#include <cstdint>

namespace npuwhisper {
namespace {

/// The error for a failure whose own error cannot be allocated. The message fits into the string
/// object, so it needs no memory.
npuwhisper_error& no_memory() {
  static npuwhisper_error error{{ErrorCode::Unavailable, "no memory"}};
  return error;
}

std::int32_t code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return NPUWHISPER_INVALID_ARGUMENT;
    case ErrorCode::NotFound:
      return NPUWHISPER_NOT_FOUND;
    case ErrorCode::Unavailable:
      return NPUWHISPER_UNAVAILABLE;
    case ErrorCode::Unsupported:
      return NPUWHISPER_UNSUPPORTED;
    case ErrorCode::CorruptModel:
      return NPUWHISPER_CORRUPT_MODEL;
    case ErrorCode::DeviceError:
      return NPUWHISPER_DEVICE_ERROR;
    case ErrorCode::Timeout:
      return NPUWHISPER_TIMEOUT;
    case ErrorCode::Cancelled:
      return NPUWHISPER_CANCELLED;
  }
  return NPUWHISPER_UNAVAILABLE;
}

}  // namespace

npuwhisper_error* make_error(const Error& error) noexcept {
  try {
    return std::make_unique<npuwhisper_error>(npuwhisper_error{error}).release();
  } catch (...) {
    return &no_memory();
  }
}

Failure null_parameter(std::string_view name) {
  return fail(ErrorCode::InvalidArgument, std::string(name) + ": found NULL, wanted a pointer");
}

}  // namespace npuwhisper

std::int32_t npuwhisper_error_code(const npuwhisper_error* error) {
  return error != nullptr ? npuwhisper::code_of(error->error.code) : NPUWHISPER_NO_ERROR;
}

const char* npuwhisper_error_message(const npuwhisper_error* error, std::size_t* length) {
  if (error == nullptr) return npuwhisper::give_nothing(length);
  return npuwhisper::give(error->error.message, length);
}

void npuwhisper_error_free(npuwhisper_error* error) {
  if (error != &npuwhisper::no_memory()) delete error;
}
