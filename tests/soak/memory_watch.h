// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

namespace npuwhisper::soak {

/// Measures how the memory of this process grows over the time of a stream. Reentrant.
class MemoryWatch {
 public:
  /// Values are in bytes, or in bytes per hour of stream. Caches fill during the first fifth of the
  /// samples. `first` and `last` are the first and the last of the later samples. A line is fitted
  /// to the later samples. `slope_per_hour` is the slope of this line, and `growth` is its rise
  /// over the later samples. With fewer than two later samples, all values are 0.
  struct Trend {
    double first = 0, last = 0, slope_per_hour = 0, growth = 0;
  };

  void sample(double stream_seconds);
  Trend resident() const { return trend(resident_); }  ///< Resident set (statm of proc(5)).
  Trend heap() const { return trend(heap_); }          ///< Heap in use, as counted by malloc.

 private:
  Trend trend(const std::vector<double>& bytes) const;

  std::vector<double> seconds_, resident_, heap_;
};

}  // namespace npuwhisper::soak
