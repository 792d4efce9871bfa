// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/check/gstharness.h>
#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "tests/gst/support/recorder.h"
#include "tests/gst/support/scripted_runtime.h"
#include "tests/gst/support/timeouts.h"

namespace npuwhisper::test {

using Pcm = std::vector<float>;

/// Returns `seconds` of silence with a tone (amplitude 0.5) in each stretch {from, to}. All times
/// are in seconds.
Pcm tones(double seconds, const std::vector<std::pair<double, double>>& stretches);
inline GstClockTime seconds(double s) {
  return static_cast<GstClockTime>(s * GST_SECOND);
}
std::chrono::milliseconds elapsed(std::chrono::steady_clock::time_point since);

/// The element on the scripted runtime, in a GstHarness that feeds it, with a Recorder on `src`.
class ElementTest : public ::testing::Test {
 protected:
  void TearDown() override;

  /// Creates the element. Set its properties before play().
  GstElement* make();
  /// Puts the element into a harness, sets it to PLAYING and sends stream-start, caps and segment.
  void play(const char* format = "F32LE", bool live = false);
  void set_caps(const char* format);
  /// Pushes `pcm` as F32 or S16 in buffers of 100 ms. The timestamps start at `pts`. If `pts` is
  /// NONE, the buffers have no timestamps. With `discont`, the first buffer has the flag DISCONT.
  /// Returns OK, or the flow return of the first push that fails. Later buffers are not pushed.
  GstFlowReturn push(const Pcm& pcm, GstClockTime pts, bool discont = false);
  bool push_event(GstEvent* event) { return gst_harness_push_event(harness_, event) != FALSE; }
  bool push_segment(GstClockTime start, GstClockTime base = 0,
                    GstClockTime stop = GST_CLOCK_TIME_NONE, double rate = 1.0);
  /// Sends EOS and waits until it leaves the pad `src`. Fails the test after kTimeout.
  void finish();

  /// Returns the next message of one of `types`, or nullptr if none arrives within `timeout`.
  std::shared_ptr<GstMessage> message(GstMessageType types,
                                      std::chrono::milliseconds timeout = kTimeout);
  guint64 stat(const char* name) const;
  double stat_double(const char* name) const;
  /// Fails the test unless `pad` has a sticky event of each type.
  static void expect_sticky_events(GstPad* pad, std::initializer_list<GstEventType> types);
  /// Returns the allocator that the element offers in reply to an allocation query, or nullptr. The
  /// caller owns it.
  GstAllocator* offered_allocator(GstAllocationParams* params = nullptr) const;

  GstElement* element_ = nullptr;
  GstBus* bus_ = nullptr;
  GstHarness* harness_ = nullptr;
  std::unique_ptr<Recorder> out_;
  bool s16_ = false;
  /// If false, caption-style is none. Each text then has its own buffer, with the times of its
  /// sound.
  bool captions_ = false;
};

}  // namespace npuwhisper::test
