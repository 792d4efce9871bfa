// SPDX-License-Identifier: LGPL-2.1-or-later
#include "trace_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstring>
#include <utility>

namespace npuwhisper::trace {
namespace {

constexpr std::string_view kHead = "{\"traceEvents\":[";
constexpr std::string_view kTail = "\n]}\n";

Failure cannot_write(const std::filesystem::path& path, int code) {
  return fail(ErrorCode::Unavailable,
              "cannot write the trace " + path.string() + ": " + std::strerror(code));
}

/// Escapes `text` for a JSON string.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  return out;
}

bool has_at(std::FILE* file, long offset, int whence, std::string_view wanted) {
  char found[32] = {};
  return std::fseek(file, offset, whence) == 0 &&
         std::fread(found, 1, wanted.size(), file) == wanted.size() &&
         std::string_view(found, wanted.size()) == wanted;
}

}  // namespace

Result<TraceFile::File> TraceFile::open_locked(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return cannot_write(path, errno);
  File file(fdopen(fd, "r+"));
  if (!file) {
    const int code = errno;
    close(fd);
    return cannot_write(path, code);
  }
  if (flock(fd, LOCK_EX) != 0) return cannot_write(path, errno);
  return file;
}

Result<TraceFile> TraceFile::create(const std::filesystem::path& path) {
  auto file = open_locked(path);
  if (!file) return fail(file.error());
  if (ftruncate(fileno(file->get()), 0) != 0) return cannot_write(path, errno);
  return begin(path, std::move(*file));
}

TraceFile TraceFile::begin(const std::filesystem::path& path, File file) {
  std::fwrite(kHead.data(), 1, kHead.size(), file.get());
  return TraceFile(path, std::move(file), true);
}

Result<TraceFile> TraceFile::append(const std::filesystem::path& path) {
  auto file = open_locked(path);
  if (!file) return fail(file.error());
  if (std::fseek(file->get(), 0, SEEK_END) == 0 && std::ftell(file->get()) == 0) {
    return begin(path, std::move(*file));
  }
  const auto tail = static_cast<long>(kTail.size());
  if (!has_at(file->get(), 0, SEEK_SET, kHead) || !has_at(file->get(), -tail, SEEK_END, kTail)) {
    return fail(ErrorCode::InvalidArgument,
                path.string() + ": found a file that is not a trace of npuwhisper");
  }
  std::fseek(file->get(), -tail, SEEK_END);
  const bool is_empty = std::ftell(file->get()) == static_cast<long>(kHead.size());
  return TraceFile(path, std::move(*file), is_empty);
}

void TraceFile::begin_event() {
  std::fputs(is_empty_ ? "\n" : ",\n", file_.get());
  is_empty_ = false;
}

void TraceFile::name(const char* what, std::int64_t pid, std::int64_t tid, std::string_view name,
                     int sort_index) {
  begin_event();
  std::fprintf(file_.get(),
               "{\"ph\":\"M\",\"name\":\"%s_name\",\"pid\":%" PRId64 ",\"tid\":%" PRId64
               ",\"args\":{\"name\":\"%s\"}}",
               what, pid, tid, escaped(name).c_str());
  begin_event();
  std::fprintf(file_.get(),
               "{\"ph\":\"M\",\"name\":\"%s_sort_index\",\"pid\":%" PRId64 ",\"tid\":%" PRId64
               ",\"args\":{\"sort_index\":%d}}",
               what, pid, tid, sort_index);
}

void TraceFile::process(std::int64_t pid, std::string_view text, int sort_index) {
  name("process", pid, pid, text, sort_index);
}

void TraceFile::thread(std::int64_t pid, std::int64_t tid, std::string_view text, int sort_index) {
  name("thread", pid, tid, text, sort_index);
}

void TraceFile::span(std::int64_t pid, std::int64_t tid, std::string_view text, double begin_us,
                     double duration_us, std::string_view value_name, std::int64_t value) {
  begin_event();
  std::fprintf(file_.get(),
               "{\"ph\":\"X\",\"name\":\"%s\",\"pid\":%" PRId64 ",\"tid\":%" PRId64
               ",\"ts\":%.3f,\"dur\":%.3f",
               escaped(text).c_str(), pid, tid, begin_us, duration_us);
  if (!value_name.empty()) {
    std::fprintf(file_.get(), ",\"args\":{\"%s\":%" PRId64 "}", escaped(value_name).c_str(), value);
  }
  std::fputc('}', file_.get());
}

Result<void> TraceFile::finish() {
  std::fwrite(kTail.data(), 1, kTail.size(), file_.get());
  if (std::fflush(file_.get()) != 0 || std::ferror(file_.get()) != 0) {
    return cannot_write(path_, errno);
  }
  return {};
}

}  // namespace npuwhisper::trace
