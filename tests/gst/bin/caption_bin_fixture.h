// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/gst/support/pipeline_fixture.h"

namespace npuwhisper::test {

// Pipelines around an npuwhisperbin named b. The scripted runtime turns each tone into text. A tone
// lasts 1 s and starts 0.1 s before each period, except for the first, which starts at 0 s.
inline constexpr GstClockTime kPeriod = 4 * GST_SECOND;
/// Time in the stream from which live video is checked. Live sources do not start simultaneously,
/// and video that precedes the audio has no text.
inline constexpr GstClockTime kLiveStart = 500 * GST_MSECOND;

std::string audio(int n_seconds, const std::string& properties = "");
/// Returns the launch description of a source of black video with 25 frames per second.
std::string video(int n_seconds, const std::string& properties = "");
std::string bin(const std::string& properties);

inline constexpr const char* kSinks =
    "b.video_src ! fakesink name=vs sync=false  b.audio_src ! fakesink name=as sync=false ";
inline constexpr const char* kSyncedSinks =
    "b.video_src ! fakesink name=vs sync=true  b.audio_src ! fakesink name=as sync=true ";

/// A pad of an element inside the bin.
class InnerPad {
 public:
  InnerPad(const Pipeline& pipeline, const char* element, const char* pad);
  ~InnerPad();
  InnerPad(const InnerPad&) = delete;
  InnerPad& operator=(const InnerPad&) = delete;
  GstPad* get() const { return pad_; }

 private:
  GstPad* pad_;
};

/// Records the buffers that leave a pad of the bin. A byte above 128 in a frame means text.
class Frames {
 public:
  struct Frame {
    GstClockTime pts;
    bool has_text;
    std::chrono::nanoseconds arrived;  ///< Time of the PatientClock, or 0 without this clock.
  };

  Frames(const Pipeline& pipeline, const char* pad);
  ~Frames();
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  std::vector<Frame> all() const;
  std::size_t size() const { return all().size(); }
  void clear();

 private:
  // The probe shares the log, because it may still run in another thread when Frames is destroyed.
  struct Log {
    std::mutex mutex;  // Guards `frames`.
    std::vector<Frame> frames;
  };
  static GstPadProbeReturn note(GstPad* pad, GstPadProbeInfo* info, gpointer log);

  GstPad* pad_;
  gulong probe_ = 0;
  const std::shared_ptr<Log> log_ = std::make_shared<Log>();
};

/// Fails the test unless the frames show text during each tone, and no text from 2 s after a tone
/// until shortly before the next tone. Ignores frames with a PTS below `from`.
void expect_text_in_time(const std::vector<Frames::Frame>& frames, GstClockTime from = 0);

}  // namespace npuwhisper::test
