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
/// can append to one file, one after another. After finish(), the file is complete JSON. A writer
/// holds the file's lock for its lifetime. Times are microseconds of the steady clock, so that the
/// events of all writers share one time base. Reentrant.
class TraceFile {
 public:
  /// Creates an empty trace at `path` and discards any previous content. Errors: Unavailable.
  static Result<TraceFile> create(const std::filesystem::path& path);
  /// Opens the trace at `path` to append events; creates it if it does not exist or is empty.
  /// Errors: Unavailable, InvalidArgument (the file was not written by this class).
  static Result<TraceFile> append(const std::filesystem::path& path);

  void process(std::int64_t pid, std::string_view name, int sort_index);
  void thread(std::int64_t pid, std::int64_t tid, std::string_view name, int sort_index);
  /// Adds a span. The span also has the value `value` under the name `value_name`, unless
  /// `value_name` is empty.
  void span(std::int64_t pid, std::int64_t tid, std::string_view name, double begin_us,
            double duration_us, std::string_view value_name = {}, std::int64_t value = 0);
  /// Ends the list of events. No event can be added afterwards. Errors: Unavailable.
  Result<void> finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;
  TraceFile(std::filesystem::path path, File file, bool is_empty)
      : path_(std::move(path)), file_(std::move(file)), is_empty_(is_empty) {}
  static Result<File> open_locked(const std::filesystem::path& path);
  static TraceFile begin(const std::filesystem::path& path, File file);  // The file is empty.
  void name(const char* what, std::int64_t pid, std::int64_t tid, std::string_view name,
            int sort_index);
  void begin_event();

  std::filesystem::path path_;
  File file_;
  bool is_empty_;  // True until the first event is written.
};

}  // namespace npuwhisper::trace
