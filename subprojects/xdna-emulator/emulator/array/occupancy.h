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

/// Shares of time, indexed by bin and activity. If a bin's shares sum to less than 1, the bin's
/// remaining time belongs to no activity.
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

/// Shares of time that the cores and the DMA channels of an array spent in each activity. The time
/// from the image's load to the last event is divided into equal parts (bins).
struct Occupancy {
  struct CoreLine {
    npu::TileId tile;
    Shares shares;  ///< Share of time for each entry of `activities`.
  };
  /// The DMA channels of one direction and one kind of tile, combined.
  struct DmaLine {
    std::string name;
    std::size_t n_channels;  ///< Number of channels with recorded activity.
    Shares shares;           ///< Share of time for each entry of kDmaActivities.
  };
  static constexpr std::string_view kDmaActivities[] = {"moves data", "waits for a lock",
                                                        "waits for the stream"};
  std::size_t n_bins = 0;
  double seconds = 0;  ///< Predicted total length of all bins.
  /// Activities of the cores: first functions, then waits, each group in descending order of time.
  /// If there are too many functions, the last of their entries combines the smallest functions.
  /// The same applies to waits.
  std::vector<std::string> activities;
  std::size_t n_functions = 0;  ///< Number of entries of `activities` for functions.
  std::vector<CoreLine> cores;  ///< Cores in the order of rows, then columns.
  std::vector<DmaLine> dma;
};

Occupancy make_occupancy(const Trace& trace, double hertz, std::size_t n_bins);

/// Returns the occupancy as a picture (SVG, 1600 pixels wide, for light and dark pages): the
/// activities of all cores over time, the main activity of each core, and the DMA channels below.
/// The picture states that the times are predicted.
std::string draw_occupancy(const Occupancy& occupancy, std::string_view device);

/// Computes and draws the occupancy of a trace, and writes the picture to a file. Errors:
/// Unavailable.
Result<void> write_occupancy(const Trace& trace, const std::string& file, std::string_view device,
                             double hertz);

}  // namespace npuwhisper::emu
