// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/occupancy.h"

#include <algorithm>
#include <map>

namespace npuwhisper::emu {
namespace {

/// If there are more than kMostFunctions + 1 functions, kMostFunctions of them are shown
/// separately, and the others share one entry. The same applies to waits, with kMostWaits. Readers
/// cannot distinguish more entries by colour.
constexpr std::size_t kMostFunctions = 5;
constexpr std::size_t kMostWaits = 3;

bool is_wait(const std::string& name) {
  return name.starts_with("wait for ");
}

bool is_core(const Trace::Lane& lane) {
  return lane.tile && lane.name == "core";
}

/// Labels of the picture's lines for DMA channels, from top to bottom.
constexpr const char* kDmaLines[] = {"host to array", "to memory tiles", "memory tiles out",
                                     "cores in",      "cores out",       "array to host"};
std::size_t dma_line(const Trace::Lane& lane) {
  const bool out = lane.name.starts_with("MM2S");
  if (lane.tile->row == 0) return out ? 0 : 5;
  if (lane.tile->row == 1) return out ? 2 : 1;
  return out ? 4 : 3;
}

/// Adds spans of time to the bins that they overlap.
class BinFiller {
 public:
  BinFiller(Cycles end, std::size_t n_bins)
      : n_bins_(n_bins), width_(static_cast<double>(end) / static_cast<double>(n_bins)) {}

  void add(Shares& shares, std::size_t activity, Cycles begin, Cycles end, double weight) const {
    const double first = static_cast<double>(begin) / width_;
    const double last = static_cast<double>(end) / width_;
    for (auto bin = static_cast<std::size_t>(first); bin < n_bins_; ++bin) {
      const auto left = static_cast<double>(bin);
      if (left >= last) return;
      shares.at(bin, activity) += weight * (std::min(last, left + 1) - std::max(first, left));
    }
  }

 private:
  std::size_t n_bins_;
  double width_;
};

/// Maps the index of a name in the trace to the index of an activity. Lists the activities in `to`:
/// first functions, then waits, each group in descending order of time. If there are too many
/// functions, combines the smallest functions into one activity. Treats waits in the same way.
class Ranking {
 public:
  Ranking(const Trace& trace, Occupancy& to) : activity_of_(trace.names().size()) {
    std::vector<Cycles> time(trace.names().size());
    for (const Trace::Span& span : trace.spans()) {
      if (is_core(trace.lanes()[static_cast<std::size_t>(span.track)])) {
        time[static_cast<std::size_t>(span.name)] += span.end - span.begin;
      }
    }
    rank(trace, time, false, kMostFunctions, "other functions", to.activities);
    to.n_functions = to.activities.size();
    rank(trace, time, true, kMostWaits, "other waits", to.activities);
  }
  std::size_t operator[](int name) const { return activity_of_[static_cast<std::size_t>(name)]; }

 private:
  void rank(const Trace& trace, const std::vector<Cycles>& time, bool waits, std::size_t most,
            const char* others, std::vector<std::string>& activities) {
    std::vector<std::size_t> names;
    for (std::size_t i = 0; i < time.size(); ++i) {
      if (time[i] > 0 && is_wait(trace.names()[i]) == waits) names.push_back(i);
    }
    std::stable_sort(names.begin(), names.end(),
                     [&](std::size_t a, std::size_t b) { return time[a] > time[b]; });
    const std::size_t n_own = names.size() <= most + 1 ? names.size() : most;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i <= n_own) activities.push_back(i < n_own ? trace.names()[names[i]] : others);
      activity_of_[names[i]] = activities.size() - 1;
    }
  }
  std::vector<std::size_t> activity_of_;
};

}  // namespace

Occupancy make_occupancy(const Trace& trace, double hertz, std::size_t n_bins) {
  Occupancy result;
  result.n_bins = n_bins;
  Cycles end = 1;
  for (const Trace::Span& span : trace.spans()) end = std::max(end, span.end);
  result.seconds = static_cast<double>(end) / hertz;
  const Ranking ranking(trace, result);
  const BinFiller filler(end, n_bins);

  // Maps a row and a column to an index into result.cores.
  std::map<std::pair<int, int>, std::size_t> core_at;
  std::vector<bool> is_used(trace.lanes().size());
  for (const Trace::Span& span : trace.spans()) {
    is_used[static_cast<std::size_t>(span.track)] = true;
  }
  std::vector<std::size_t> n_channels(std::size(kDmaLines));
  for (std::size_t i = 0; i < trace.lanes().size(); ++i) {
    const Trace::Lane& lane = trace.lanes()[i];
    if (is_core(lane)) {
      core_at[{lane.tile->row, lane.tile->column}] = 0;
    } else if (lane.tile && is_used[i]) {
      ++n_channels[dma_line(lane)];
    }
  }
  for (auto& [place, index] : core_at) {
    index = result.cores.size();
    result.cores.push_back({{place.second, place.first}, Shares(n_bins, result.activities.size())});
  }
  for (std::size_t i = 0; i < std::size(kDmaLines); ++i) {
    result.dma.push_back(
        {kDmaLines[i], n_channels[i], Shares(n_bins, std::size(Occupancy::kDmaActivities))});
  }

  for (const Trace::Span& span : trace.spans()) {
    const Trace::Lane& lane = trace.lanes()[static_cast<std::size_t>(span.track)];
    if (is_core(lane)) {
      auto& core = result.cores[core_at[{lane.tile->row, lane.tile->column}]];
      filler.add(core.shares, ranking[span.name], span.begin, span.end, 1);
    } else if (lane.tile) {
      Occupancy::DmaLine& line = result.dma[dma_line(lane)];
      const std::string& name = trace.names()[static_cast<std::size_t>(span.name)];
      const std::size_t activity = !is_wait(name) ? 0 : name == "wait for lock" ? 1 : 2;
      filler.add(line.shares, activity, span.begin, span.end,
                 1 / static_cast<double>(line.n_channels));
    }
  }
  return result;
}

}  // namespace npuwhisper::emu
