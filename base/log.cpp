// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>
#include <mutex>
#include <utility>

#include <npuwhisper/log.h>

namespace npuwhisper {
namespace {

void print_problems(LogLevel level, std::string_view message) {
  if (level > LogLevel::Warning) return;
  const char* label = level == LogLevel::Error ? "error" : "warning";
  std::fprintf(stderr, "npuwhisper: %s: %.*s\n", label, static_cast<int>(message.size()),
               message.data());
}

struct Log {
  std::mutex mutex;  // Guards sink, and is held while sink runs.
  LogSink sink = print_problems;
};

// Returns the log. It is never destroyed: threads and static destructors may log until the process
// ends.
Log& the_log() {
  static Log* const instance = new Log;
  return *instance;
}

}  // namespace

void set_log_sink(LogSink sink) {
  Log& current = the_log();
  const std::scoped_lock lock(current.mutex);
  // The old sink is now in `sink`. It is destroyed after the lock is released, because its
  // destructor is code of the caller and may log.
  std::swap(current.sink, sink);
}

void log(LogLevel level, std::string_view message) {
  Log& current = the_log();
  const std::scoped_lock lock(current.mutex);
  if (current.sink) current.sink(level, message);
}

}  // namespace npuwhisper
