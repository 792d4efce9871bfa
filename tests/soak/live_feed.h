// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/check/gstharness.h>

#include <chrono>
#include <cstdint>
#include <span>

#include <npuwhisper/result.h>

namespace npuwhisper::soak {

/// Plays a live source to an element, with everything that upstream may do in the middle of it. Its
/// clock is either the system's, with audio coming as time goes by, or one that is set to the end
/// of each buffer as soon as the element has taken in the one before: hours pass in minutes. For
/// one thread.
class LiveFeed {
 public:
  enum class Pace { RealTime, AsFastAsItCan };

  /// `element` is in NULL or READY. Takes it to PLAYING.
  LiveFeed(GstElement* element, Pace pace);
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  /// Sends audio, when its time has come. Errors: Timeout where the element takes nothing in for
  /// kPatience, Unavailable where it refuses data.
  Result<void> push(std::span<const float> pcm);
  /// The same, without waiting for the element or the clock: more than it can take.
  Result<void> burst(std::span<const float> pcm);
  /// A flushing seek, asked for downstream, to buffer time `to`.
  void seek(GstClockTime to);
  void flush() { seek(pts_); }
  void gap(GstClockTime duration);
  /// Audio that never comes, and DISCONT behind it.
  void lose(GstClockTime duration);
  /// F32 to S16, or back.
  void change_caps();
  /// A new segment without a flush, which goes on at buffer time `to`.
  void change_segment(GstClockTime to);
  /// READY and PLAYING again.
  void restart();
  Result<void> end();

  GstClockTime pts() const { return pts_; }                    ///< Of the next sample.
  GstClockTime running_time() const { return running_time_; }  ///< As if nothing had been lost.
  double longest_wait() const { return longest_wait_; }        ///< Seconds, of one push.

  static constexpr std::chrono::seconds kPatience{60};

 private:
  void begin();
  void send_caps();
  void send_segment(GstClockTime start);
  void pass(GstClockTime duration);
  Result<void> send(std::span<const float> pcm);
  Result<void> wait_until_taken();
  void forget_output();

  GstElement* const element_;
  const Pace pace_;
  GstHarness* harness_ = nullptr;
  GstHarness* json_ = nullptr;
  bool s16_ = false;
  bool discont_ = false;
  GstClockTime pts_ = 0;
  GstClockTime running_time_ = 0;
  GstClockTime base_ = 0;  // The clock's time at running time 0.
  double longest_wait_ = 0;
};

}  // namespace npuwhisper::soak
