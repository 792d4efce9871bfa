// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "emulator/array/cycles.h"

namespace npuwhisper::emu {

/// Records the activity in an array in emulated time, with a track for each core, each DMA channel
/// and the controller. A trace that is off records nothing. Reentrant.
class Trace {
 public:
  using Track = int;
  struct Lane {
    std::optional<npu::TileId> tile;  ///< Tile of the track; empty for the controller.
    std::string name;                 ///< Name of the track, for example "core" or "MM2S 1".
  };
  struct Span {
    Track track;
    int name;  ///< Index of the name in names().
    Cycles begin, end;
  };

  explicit Trace(bool on) : on_(on) {}
  bool on() const { return on_; }

  /// Returns the track `name` of the tile. Creates the track on the first call.
  Track track(npu::TileId tile, const std::string& name);
  Track controller();

  /// Records the dispatch of a run at the emulated time `at`, which corresponds to the steady
  /// clock's current time.
  void begin_run(Cycles at);
  /// Records an activity of the track from `begin` to `end`. `what` names the work ("gemm",
  /// "descriptor 3") or the wait ("wait for lock"). Ignores an activity without duration. After a
  /// maximum number of activities, only counts further activities (n_dropped()).
  void span(Track track, std::string_view what, Cycles begin, Cycles end);

  const std::vector<Lane>& lanes() const { return lanes_; }
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<Span>& spans() const { return spans_; }
  std::uint64_t n_dropped() const { return n_dropped_; }

  /// Adds the recorded activity to a file of Chrome trace events, as a separate process. The
  /// process is named after the device, with a note that the times are predicted. The activity of a
  /// run begins at the time of the run's dispatch and has its predicted duration. `context`
  /// distinguishes the contexts of a process. Errors: Unavailable, InvalidArgument (the file exists
  /// and is not such a trace).
  Result<void> write(const std::string& file, std::string_view device, int context,
                     double hertz) const;

 private:
  struct Run {
    Cycles at;
    std::chrono::steady_clock::time_point dispatched;
  };
  Track lane(std::optional<npu::TileId> tile, const std::string& name);
  std::vector<Track> tracks_in_order() const;

  bool on_;
  std::vector<Lane> lanes_;
  std::map<std::pair<std::optional<npu::TileId>, std::string>, Track> lane_of_;
  std::vector<std::string> names_;
  std::map<std::string, int, std::less<>> name_of_;
  std::vector<Run> runs_;
  std::vector<Span> spans_;
  std::uint64_t n_dropped_ = 0;
};

}  // namespace npuwhisper::emu
