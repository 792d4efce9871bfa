// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {

/// Decides when the next pass over a live stream takes place, and which words would be late if they
/// waited for the next pass. Passes are far enough apart to leave the machine idle half of the
/// time, but close enough for the promised latency. They are never closer than their own duration.
/// With Pace::Audio hop() is fixed, and the caller may postpone a pass beyond it. All values except
/// the argument of took() are in samples of the stream's audio (16 kHz). "now" is the live edge:
/// the end of the audio that has arrived, including audio that was not pushed yet. Reentrant; reads
/// no clock.
class PassSchedule {
 public:
  explicit PassSchedule(std::chrono::milliseconds latency, Pace pace = Pace::RealTime);

  Pace pace() const { return pace_; }
  /// Records the duration of a pass. A longer duration raises cost() immediately, to at most half
  /// the latency. A shorter duration lowers cost() gradually. Has no effect with Pace::Audio.
  void took(std::chrono::nanoseconds cost);
  /// Returns the expected duration of the next pass, in samples.
  std::int64_t cost() const { return cost_; }
  /// Returns the minimum amount of new audio for which a pass is run.
  std::int64_t hop() const;
  std::int64_t latency() const { return latency_; }

  /// Returns whether so much audio waits that words would be late and the stream must skip to the
  /// live edge.
  bool is_overloaded(std::int64_t n_waiting) const { return n_waiting > latency_; }
  /// Returns whether a word that ended at `end` would be late if it were returned after the next
  /// pass. `heard`: the end of the last pass's audio.
  bool is_due(std::int64_t end, std::int64_t heard, std::int64_t now) const;
  /// Returns the latest time at which a pass can begin without making the words after `heard` late.
  std::int64_t latest_start(std::int64_t heard) const;
  /// Returns whether, with Pace::Audio, enough audio has followed a word that ended at `end` for
  /// the word to become final. The last word of a phrase needs less audio.
  bool is_settled(std::int64_t end, std::int64_t heard, bool ends_phrase) const;

 private:
  std::int64_t of_latency(double fraction) const;

  const std::int64_t latency_;
  const Pace pace_;
  std::int64_t cost_ = 0;
};

}  // namespace npuwhisper
