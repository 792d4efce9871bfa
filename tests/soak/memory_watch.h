// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

namespace npuwhisper::soak {

/// How this process's memory grows with the time of a stream. Reentrant.
class MemoryWatch {
 public:
  /// Bytes, and bytes an hour of stream. The line through the samples behind the first fifth, in
  /// which caches fill, says how it grows; `growth` is that line's rise over the samples it is of.
  struct Trend {
    double first = 0, last = 0, slope_per_hour = 0, growth = 0;
  };

  void sample(double stream_seconds);
  Trend resident() const { return trend(resident_); }  ///< Resident set (statm of proc(5)).
  Trend heap() const { return trend(heap_); }          ///< In use, malloc's own count.

 private:
  Trend trend(const std::vector<double>& bytes) const;

  std::vector<double> seconds_, resident_, heap_;
};

}  // namespace npuwhisper::soak
