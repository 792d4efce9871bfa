// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <string_view>

#include <npuwhisper/api.h>

namespace npuwhisper {

enum class LogLevel { Error, Warning, Info, Debug };

using LogSink = std::function<void(LogLevel, std::string_view message)>;

/// Sends all later messages to `sink`. An empty sink discards them; the default sink prints errors
/// and warnings to stderr. Thread-safe. The sink may be called from any thread, one call at a time.
/// It must not call log() or set_log_sink().
NPUWHISPER_API void set_log_sink(LogSink sink);

/// Sends one message to the sink. Thread-safe.
NPUWHISPER_API void log(LogLevel level, std::string_view message);

}  // namespace npuwhisper
