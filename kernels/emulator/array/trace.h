// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "emulator/array/cycles.h"

namespace npuwhisper::emu {

/// What happened when, for the Chrome trace viewer or Perfetto: a process for each tile, in it a
/// track for the core and for each DMA channel; a process for the controller. Times are the
/// emulated clock's. Records nothing unless it is on.
class Trace {
 public:
  using Track = int;

  explicit Trace(bool on) : on_(on) {}
  bool on() const { return on_; }

  /// A track of a tile, by name; the same one each time.
  Track track(npu::TileId tile, const std::string& name);
  Track controller();

  /// From `begin` to `end` the track did `what` ("gemm", "descriptor 3") or waited for it.
  void span(Track track, std::string_view what, Cycles begin, Cycles end);

  /// Errors: Unavailable (the file cannot be written).
  Result<void> write(const std::string& file, std::string_view array, double hertz) const;

 private:
  struct Lane {
    int process = 0;
    std::string process_name;
    std::string name;
  };
  struct Span {
    Track track;
    int name;
    Cycles begin, end;
  };
  Track lane(int process, const std::string& process_name, const std::string& name);

  bool on_;
  std::vector<Lane> lanes_;
  std::map<std::pair<int, std::string>, Track> lane_of_;
  std::vector<std::string> names_;
  std::map<std::string, int, std::less<>> name_of_;
  std::vector<Span> spans_;
  std::uint64_t n_dropped_ = 0;
};

}  // namespace npuwhisper::emu
