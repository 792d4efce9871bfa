// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/trace.h"

#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "common/trace_file.h"

namespace npuwhisper::emu {
namespace {

/// Maximum number of spans. At the maximum, the JSON text is about 200 MB long. Viewers do not open
/// longer files easily.
constexpr std::size_t kMaxSpans = 2'000'000;

/// Perfetto requires distinct process and thread numbers. The emulator's numbers start above any
/// real PID. Each program has room for 25 contexts of 400 tracks.
constexpr std::int64_t kFirstNumber = 10'000'000;
constexpr int kTracksOfContext = 400;
constexpr int kContexts = 25;

std::string label(const Trace::Lane& lane) {
  if (!lane.tile) return lane.name;
  const char* kind = lane.tile->row == 0 ? "shim" : lane.tile->row == 1 ? "memory tile" : "core";
  std::string text = std::string(kind) + " (" + std::to_string(lane.tile->column) + ", " +
                     std::to_string(lane.tile->row) + ")";
  return lane.name == "core" ? text : text + " " + lane.name;
}

/// Returns a track's place in the display: first the controller, then the cores, then the DMA
/// channels of cores, memory tiles and shims.
int rank(const Trace::Lane& lane) {
  if (!lane.tile) return 0;
  if (lane.name == "core") return 1;
  return lane.tile->row >= 2 ? 2 : lane.tile->row == 1 ? 3 : 4;
}

}  // namespace

Trace::Track Trace::lane(std::optional<npu::TileId> tile, const std::string& name) {
  const auto [found, is_new] =
      lane_of_.try_emplace({tile, name}, static_cast<Track>(lanes_.size()));
  if (is_new) lanes_.push_back({tile, name});
  return found->second;
}

Trace::Track Trace::track(npu::TileId tile, const std::string& name) {
  return lane(tile, name);
}

Trace::Track Trace::controller() {
  return lane(std::nullopt, "controller: instruction stream");
}

void Trace::begin_run(Cycles at) {
  if (on_) runs_.push_back({at, std::chrono::steady_clock::now()});
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

/// Returns the tracks that have spans, in the order of display.
std::vector<Trace::Track> Trace::tracks_in_order() const {
  std::vector<bool> is_used(lanes_.size());
  for (const Span& span : spans_) is_used[static_cast<std::size_t>(span.track)] = true;
  std::vector<Track> tracks;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (is_used[i]) tracks.push_back(static_cast<Track>(i));
  }
  const auto key = [this](Track track) {
    const Lane& lane = lanes_[static_cast<std::size_t>(track)];
    return std::tuple(rank(lane), lane.tile, lane.name);
  };
  std::sort(tracks.begin(), tracks.end(), [&](Track a, Track b) { return key(a) < key(b); });
  return tracks;
}

Result<void> Trace::write(const std::string& file, std::string_view device, int context,
                          double hertz) const {
  auto out = trace::TraceFile::append(file);
  if (!out) return fail(out.error());
  const std::int64_t pid = kFirstNumber +
                           getpid() % 10'000 * std::int64_t{kContexts * kTracksOfContext} +
                           context % kContexts * kTracksOfContext;
  std::string name = std::string(device) + ", predicted time";
  if (n_dropped_ > 0) name += "; " + std::to_string(n_dropped_) + " later spans dropped";
  out->process(pid, name, 1 + context);
  int order = 0;
  for (const Track track : tracks_in_order()) {
    out->thread(pid, pid + 1 + track, label(lanes_[static_cast<std::size_t>(track)]), order++);
  }
  const double microseconds = 1e6 / hertz;
  for (const Span& span : spans_) {
    // Find the run in which the span began. Spans before the first run are drawn relative to the
    // first run.
    auto run = std::upper_bound(runs_.begin(), runs_.end(), span.begin,
                                [](Cycles at, const Run& other) { return at < other.at; });
    if (run != runs_.begin()) --run;
    double begin_us = static_cast<double>(span.begin) * microseconds;
    if (run != runs_.end()) {
      const std::chrono::duration<double, std::micro> dispatched =
          run->dispatched.time_since_epoch();
      begin_us += dispatched.count() - static_cast<double>(run->at) * microseconds;
    }
    out->span(pid, pid + 1 + span.track, names_[static_cast<std::size_t>(span.name)], begin_us,
              static_cast<double>(span.end - span.begin) * microseconds);
  }
  return out->finish();
}

}  // namespace npuwhisper::emu
