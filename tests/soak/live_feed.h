// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/check/gstharness.h>

#include <chrono>
#include <cstdint>
#include <span>

#include <npuwhisper/result.h>

namespace npuwhisper::soak {

/// Simulates a live source before an element, with all interruptions that upstream may cause. Its
/// clock is either the system clock, with audio in real time, or a test clock. The test clock is
/// set to the end of each buffer as soon as the element has consumed the previous buffer. Hours of
/// audio thus take minutes. Use it from one thread.
class LiveFeed {
 public:
  enum class Pace { RealTime, AsFastAsItCan };

  /// Sets `element`, which is in NULL or READY, to PLAYING.
  LiveFeed(GstElement* element, Pace pace);
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  /// Sends audio. With the system clock, waits until the clock has reached the end of the audio.
  /// With a test clock, waits until the element has consumed the audio. Errors: Timeout if the
  /// element has not consumed the audio after kTimeout, Unavailable if the element refuses it.
  Result<void> push(std::span<const float> pcm);
  /// Sends audio without waiting for the element to consume it. The amount of audio may be more
  /// than the element can process. With the system clock, waits like push() for the end of the
  /// audio. Errors: Unavailable if the element refuses the audio.
  Result<void> burst(std::span<const float> pcm);
  /// Performs a flushing seek, requested by downstream, to buffer time `to`.
  void seek(GstClockTime to);
  void flush() { seek(pts_); }
  void gap(GstClockTime duration);
  /// Skips audio of this duration, as if it were lost. The next buffer has DISCONT.
  void lose(GstClockTime duration);
  /// Changes the format from F32 to S16, or back.
  void change_caps();
  /// Starts a new segment without a flush, at buffer time `to`.
  void change_segment(GstClockTime to);
  /// Sets the element to READY and then to PLAYING again.
  void restart();
  Result<void> end();

  /// Returns the PTS of the next sample.
  GstClockTime pts() const { return pts_; }
  /// Returns the running time of the next sample, which includes lost audio.
  GstClockTime running_time() const { return running_time_; }
  /// Returns the longest time that push() waited for the element, in seconds. With the system
  /// clock, push() does not wait for the element.
  double longest_wait() const { return longest_wait_; }

  static constexpr std::chrono::seconds kTimeout{60};

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
  GstClockTime base_ = 0;  // Clock time at running time 0.
  double longest_wait_ = 0;
};

}  // namespace npuwhisper::soak
