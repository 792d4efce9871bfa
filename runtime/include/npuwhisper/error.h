// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include <npuwhisper/api.h>

namespace npuwhisper {

/// What kind of thing went wrong. Few on purpose: a caller branches on these, a person reads the message.
enum class ErrorCode {
  InvalidArgument,  ///< The caller asked for something that makes no sense.
  NotFound,         ///< A file, a model or a device does not exist.
  Unavailable,      ///< It exists but cannot be used now (busy, no rights, no memory).
  Unsupported,      ///< It is well formed, but this build or machine cannot do it.
  CorruptModel,     ///< A model file contradicts itself or its length.
  DeviceError,      ///< A device failed while it was running.
  Timeout,          ///< A device did not answer in time.
  Cancelled,        ///< cancel() was called; nothing is wrong.
};

/// The code's name as written above, for messages.
NPUWHISPER_API std::string_view to_string(ErrorCode code);

/// One failure. The message says what, the value found and the value wanted.
struct Error {
  ErrorCode code;
  std::string message;
};

}  // namespace npuwhisper
