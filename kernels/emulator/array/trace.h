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

/// What happened in an array and when, by the emulated clock: a track for each core, each DMA
/// channel and the controller. Records nothing unless it is on. Reentrant.
class Trace {
 public:
  using Track = int;
  struct Lane {
    std::optional<npu::TileId> tile;  ///< None: the controller's.
    std::string name;                 ///< "core", "MM2S 1".
  };
  struct Span {
    Track track;
    int name;  ///< Index into names().
    Cycles begin, end;
  };

  explicit Trace(bool on) : on_(on) {}
  bool on() const { return on_; }

  /// A track of a tile, by name; the same one each time.
  Track track(npu::TileId tile, const std::string& name);
  Track controller();

  /// A run is dispatched at the emulated time `at`, which is the steady clock's now.
  void begin_run(Cycles at);
  /// From `begin` to `end` the track did `what` ("gemm", "descriptor 3") or waited for it.
  void span(Track track, std::string_view what, Cycles begin, Cycles end);

  const std::vector<Lane>& lanes() const { return lanes_; }
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<Span>& spans() const { return spans_; }
  std::uint64_t n_dropped() const { return n_dropped_; }

  /// Adds the array to a file of Chrome trace events, as a process of its own that is called by the
  /// device's name and says that its times are predicted: what a run did is drawn from the moment
  /// on at which it was dispatched, as long as it would have taken. `context` tells a process's
  /// contexts apart. Errors: Unavailable, InvalidArgument (another file's name).
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
