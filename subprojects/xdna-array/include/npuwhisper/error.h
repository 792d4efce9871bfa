// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include <npuwhisper/api.h>

namespace npuwhisper {

/// The kind of a failure. There are few kinds on purpose: callers branch on the code, and people
/// read the message.
enum class ErrorCode {
  InvalidArgument,  ///< The caller's request is invalid.
  NotFound,         ///< A file, a model or a device does not exist.
  Unavailable,      ///< A resource exists but cannot be used now (busy, no permission, no memory).
  Unsupported,      ///< A request is well formed, but this build or machine cannot fulfil it.
  CorruptModel,     ///< A model file is malformed, truncated or inconsistent.
  DeviceError,      ///< A device failed during a run.
  Timeout,          ///< A device did not answer in time.
  Cancelled,        ///< cancel() was called; nothing is wrong.
};

/// Returns the name of the enumerator, for messages.
NPUWHISPER_API std::string_view to_string(ErrorCode code);

/// A failure. The message says what failed, the value found and the value wanted.
struct Error {
  ErrorCode code;
  std::string message;
};

}  // namespace npuwhisper
