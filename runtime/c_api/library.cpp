// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions of npuwhisper/c_api.h that concern the whole library.
#include <cstdint>

#include <npuwhisper/log.h>

#include "c_api/calls.h"

namespace npuwhisper {
namespace {

std::int32_t level_of(LogLevel level) {
  switch (level) {
    case LogLevel::Error:
      return NPUWHISPER_LOG_ERROR;
    case LogLevel::Warning:
      return NPUWHISPER_LOG_WARNING;
    case LogLevel::Info:
      return NPUWHISPER_LOG_INFO;
    case LogLevel::Debug:
      return NPUWHISPER_LOG_DEBUG;
  }
  return NPUWHISPER_LOG_DEBUG;
}

LogSink sink_of(npuwhisper_log_callback callback, void* user_data) {
  if (callback == nullptr) return {};
  return [callback, user_data](LogLevel level, std::string_view message) {
    callback(level_of(level), message.data(), message.size(), user_data);
  };
}

}  // namespace
}  // namespace npuwhisper

const char* npuwhisper_version() {
  return NPUWHISPER_VERSION;
}

npuwhisper_error* npuwhisper_set_log_callback(npuwhisper_log_callback callback, void* user_data) {
  return npuwhisper::call("npuwhisper_set_log_callback", [&]() -> npuwhisper::Result<void> {
    npuwhisper::set_log_sink(npuwhisper::sink_of(callback, user_data));
    return {};
  });
}

void npuwhisper_string_free(char* string) {
  delete[] string;
}
