// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {

/// When a live stream is decoded again, and which words cannot wait for the time after. Passes are
/// as far apart as leaves the machine half of its time, but close enough for the promised latency,
/// and never closer than they take. With Pace::Audio hop() is fixed; the caller may decode later.
/// All but took() is in samples of the stream's audio (16 kHz); "now" is where the live edge is:
/// what has arrived, pushed or not. Reentrant; reads no clock.
class PassSchedule {
 public:
  explicit PassSchedule(std::chrono::milliseconds latency, Pace pace = Pace::RealTime);

  Pace pace() const { return pace_; }
  /// A pass took so long. More than expected counts at once, less by and by. Pace::Audio ignores
  /// it.
  void took(std::chrono::nanoseconds cost);
  /// What the next one is expected to take.
  std::int64_t cost() const { return cost_; }
  /// New audio that a pass is worth.
  std::int64_t hop() const;
  std::int64_t latency() const { return latency_; }

  /// Whether so much audio waits that words would come late: time to skip to the live edge.
  bool is_overloaded(std::int64_t n_waiting) const { return n_waiting > latency_; }
  /// Whether a word that ended at `end` would be late if it were left to the next pass. `heard`:
  /// where the audio of the last pass ended.
  bool is_due(std::int64_t end, std::int64_t heard, std::int64_t now) const;
  /// Pace::Audio: whether enough audio has followed a word that ended at `end`. The last word of a
  /// phrase needs less.
  bool is_settled(std::int64_t end, std::int64_t heard, bool ends_phrase) const;

 private:
  std::int64_t of_latency(double fraction) const;

  const std::int64_t latency_;
  const Pace pace_;
  std::int64_t cost_ = 0;
};

}  // namespace npuwhisper
