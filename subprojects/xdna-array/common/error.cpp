// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/error.h>

namespace npuwhisper {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return "InvalidArgument";
    case ErrorCode::NotFound:
      return "NotFound";
    case ErrorCode::Unavailable:
      return "Unavailable";
    case ErrorCode::Unsupported:
      return "Unsupported";
    case ErrorCode::CorruptModel:
      return "CorruptModel";
    case ErrorCode::DeviceError:
      return "DeviceError";
    case ErrorCode::Timeout:
      return "Timeout";
    case ErrorCode::Cancelled:
      return "Cancelled";
  }
  return "unknown";
}

}  // namespace npuwhisper
