// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "emulator/array/trace.h"

namespace npuwhisper::emu {

/// Shares of time, [bin][activity]; what is missing to 1 is none of the activities.
class Shares {
 public:
  Shares(std::size_t n_bins, std::size_t n_activities)
      : n_activities_(n_activities), values_(n_bins * n_activities) {}
  double& at(std::size_t bin, std::size_t activity) {
    return values_[bin * n_activities_ + activity];
  }
  double at(std::size_t bin, std::size_t activity) const {
    return values_[bin * n_activities_ + activity];
  }

 private:
  std::size_t n_activities_;
  std::vector<double> values_;
};

/// How the cores and the DMA channels of an array spent their time, in equal parts (bins) of the
/// time from the image's load to the last thing that happened.
struct Occupancy {
  struct CoreLine {
    npu::TileId tile;
    Shares shares;  ///< Of `activities`.
  };
  /// All channels of one kind together.
  struct DmaLine {
    std::string name;
    std::size_t n_channels;  ///< Those that did anything.
    Shares shares;           ///< Of kDmaActivities.
  };
  static constexpr std::string_view kDmaActivities[] = {"moves data", "waits for a lock",
                                                        "waits for the stream"};
  std::size_t n_bins = 0;
  double seconds = 0;  ///< Of all bins together; predicted.
  /// What cores did: functions that take most time first, then what they waited for likewise. The
  /// least of both are taken together.
  std::vector<std::string> activities;
  std::size_t n_functions = 0;  ///< The first of `activities`; the others are waits.
  std::vector<CoreLine> cores;  ///< By row, then column.
  std::vector<DmaLine> dma;
};

Occupancy make_occupancy(const Trace& trace, double hertz, std::size_t n_bins);

/// A picture of it (SVG, 1600 wide, for light and dark): what all cores together did over time,
/// what each core did most, and the DMA channels below. It says that the times are predicted.
std::string draw_occupancy(const Occupancy& occupancy, std::string_view device);

/// Both, into a file. Errors: Unavailable.
Result<void> write_occupancy(const Trace& trace, const std::string& file, std::string_view device,
                             double hertz);

}  // namespace npuwhisper::emu
