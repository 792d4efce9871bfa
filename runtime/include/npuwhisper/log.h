// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <string_view>

#include <npuwhisper/api.h>

namespace npuwhisper {

enum class LogLevel { Error, Warning, Info, Debug };

using LogSink = std::function<void(LogLevel, std::string_view message)>;

/// Sends every later message to `sink` (an empty one drops them; the default prints errors and
/// warnings on stderr). Thread-safe; the sink may be called from any thread, one call at a time.
NPUWHISPER_API void set_log_sink(LogSink sink);

/// Writes one message. Thread-safe.
NPUWHISPER_API void log(LogLevel level, std::string_view message);

}  // namespace npuwhisper
