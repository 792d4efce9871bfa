// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/trace.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>

namespace npuwhisper::emu {
namespace {

/// About 200 MB of JSON, more than viewers open gladly.
constexpr std::size_t kMaxSpans = 2'000'000;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

Trace::Track Trace::lane(int process, const std::string& process_name, const std::string& name) {
  const auto [found, is_new] =
      lane_of_.try_emplace({process, name}, static_cast<Track>(lanes_.size()));
  if (is_new) lanes_.push_back({process, process_name, name});
  return found->second;
}

Trace::Track Trace::track(npu::TileId tile, const std::string& name) {
  const char* kind = tile.row == 0 ? "shim" : tile.row == 1 ? "memory tile" : "core";
  return lane(1 + tile.column * 16 + tile.row,
              std::string(kind) + " (" + std::to_string(tile.column) + ", " +
                  std::to_string(tile.row) + ")",
              name);
}

Trace::Track Trace::controller() {
  return lane(0, "controller", "instruction stream");
}

void Trace::span(Track track, std::string_view what, Cycles begin, Cycles end) {
  if (!on_ || end <= begin) return;
  if (spans_.size() >= kMaxSpans) {
    ++n_dropped_;
    return;
  }
  auto name = name_of_.find(what);
  if (name == name_of_.end()) {
    name = name_of_.emplace(std::string(what), static_cast<int>(names_.size())).first;
    names_.emplace_back(what);
  }
  spans_.push_back({track, name->second, begin, end});
}

Result<void> Trace::write(const std::string& file, std::string_view array, double hertz) const {
  const std::unique_ptr<std::FILE, Close> out(std::fopen(file.c_str(), "w"));
  if (!out) {
    return fail(ErrorCode::Unavailable,
                "cannot write trace '" + file + "': " + std::strerror(errno));
  }
  std::fprintf(out.get(),
               "{\"otherData\":{\"device\":%s,\"clock\":\"emulated\",\"dropped_spans\":%" PRIu64
               "},\n\"traceEvents\":[\n",
               quoted("emulated " + std::string(array)).c_str(), n_dropped_);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const Lane& lane = lanes_[i];
    std::fprintf(out.get(),
                 "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%d,\"args\":{\"name\":%s}},\n"
                 "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%d,\"tid\":%zu,\"args\":{\"name\":"
                 "%s}},\n",
                 lane.process, quoted(lane.process_name).c_str(), lane.process, i,
                 quoted(lane.name).c_str());
  }
  const double microseconds = 1e6 / hertz;
  for (const Span& span : spans_) {
    std::fprintf(out.get(),
                 "{\"ph\":\"X\",\"name\":%s,\"pid\":%d,\"tid\":%d,\"ts\":%.4f,\"dur\":%.4f},\n",
                 quoted(names_[static_cast<std::size_t>(span.name)]).c_str(),
                 lanes_[static_cast<std::size_t>(span.track)].process, span.track,
                 static_cast<double>(span.begin) * microseconds,
                 static_cast<double>(span.end - span.begin) * microseconds);
  }
  // The format knows no trailing comma: an empty metadata record ends the list.
  std::fprintf(out.get(),
               "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":0,\"args\":{\"name\":"
               "\"controller\"}}\n]}\n");
  if (std::fflush(out.get()) != 0 || std::ferror(out.get()) != 0) {
    return fail(ErrorCode::Unavailable, "cannot write trace '" + file + "'");
  }
  return {};
}

}  // namespace npuwhisper::emu
