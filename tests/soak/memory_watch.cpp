// SPDX-License-Identifier: LGPL-2.1-or-later
#include "memory_watch.h"

#include <malloc.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace npuwhisper::soak {

void MemoryWatch::sample(double stream_seconds) {
  double total_pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  const struct mallinfo2 heap = mallinfo2();
  seconds_.push_back(stream_seconds);
  resident_.push_back(resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
  heap_.push_back(static_cast<double>(heap.uordblks) + static_cast<double>(heap.hblkhd));
}

MemoryWatch::Trend MemoryWatch::trend(const std::vector<double>& bytes) const {
  const std::size_t begin = bytes.size() / 5;
  const std::size_t n = bytes.size() - begin;
  if (n < 2) return {};
  double mean_x = 0, mean_y = 0;
  for (std::size_t i = begin; i < bytes.size(); ++i) {
    mean_x += seconds_[i] / static_cast<double>(n);
    mean_y += bytes[i] / static_cast<double>(n);
  }
  double xy = 0, xx = 0;
  for (std::size_t i = begin; i < bytes.size(); ++i) {
    xy += (seconds_[i] - mean_x) * (bytes[i] - mean_y);
    xx += (seconds_[i] - mean_x) * (seconds_[i] - mean_x);
  }
  const double slope = xx > 0 ? xy / xx : 0;
  return {bytes[begin], bytes.back(), slope * 3600, slope * (seconds_.back() - seconds_[begin])};
}

}  // namespace npuwhisper::soak
