// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <npuwhisper/result.h>

namespace npuwhisper::trace {

/// A file of Chrome trace events (JSON: {"traceEvents": [...]}), one event a line. Several writers
/// add to one file, one after the other; between them it is whole JSON. A writer holds the file's
/// lock while it lives. Times are microseconds of the steady clock, so that what different writers
/// add lies on one time base. Reentrant.
class TraceFile {
 public:
  /// An empty trace, instead of whatever was in `path`. Errors: Unavailable.
  static Result<TraceFile> create(const std::filesystem::path& path);
  /// To add to `path`, which is made if it is not there. Errors: Unavailable, InvalidArgument (it
  /// is not a file that was made here).
  static Result<TraceFile> append(const std::filesystem::path& path);

  void process(std::int64_t pid, std::string_view name, int sort_index);
  void thread(std::int64_t pid, std::int64_t tid, std::string_view name, int sort_index);
  /// Without a value where `value_name` is empty.
  void span(std::int64_t pid, std::int64_t tid, std::string_view name, double begin_us,
            double duration_us, std::string_view value_name = {}, std::int64_t value = 0);
  /// Ends the list of events; nothing can be added after it. Errors: Unavailable.
  Result<void> finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;
  TraceFile(std::filesystem::path path, File file, bool is_empty)
      : path_(std::move(path)), file_(std::move(file)), is_empty_(is_empty) {}
  static Result<File> open_locked(const std::filesystem::path& path);
  void name(const char* what, std::int64_t pid, std::int64_t tid, std::string_view name,
            int sort_index);
  void begin_event();

  std::filesystem::path path_;
  File file_;
  bool is_empty_;  // no event yet
};

}  // namespace npuwhisper::trace
