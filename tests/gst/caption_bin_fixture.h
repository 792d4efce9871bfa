// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pipeline_fixture.h"

namespace npuwhisper::test {

// Pipelines around an npuwhisperbin called b. On the scripted runtime a tone is "heard" as text: a
// second of it each period, from 0.1 s before each but the first.
inline constexpr GstClockTime kPeriod = 4 * GST_SECOND;
/// Live sources do not start together, and video of before the audio has no text to wait for.
inline constexpr GstClockTime kLiveStart = 500 * GST_MSECOND;

std::string audio(int n_seconds, const std::string& properties = "");
/// Black, 25 frames a second.
std::string video(int n_seconds, const std::string& properties = "");
std::string bin(const std::string& properties);

inline constexpr const char* kSinks =
    "b.video_src ! fakesink name=vs sync=false  b.audio_src ! fakesink name=as sync=false ";
inline constexpr const char* kSyncedSinks =
    "b.video_src ! fakesink name=vs sync=true  b.audio_src ! fakesink name=as sync=true ";

/// A pad of an element within the bin.
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

/// The buffers that leave a pad of the bin: when, and whether there is something to be seen.
class Frames {
 public:
  struct Frame {
    GstClockTime pts;
    bool has_text;
    std::chrono::nanoseconds arrived;  ///< By the PatientClock, if there is one.
  };

  Frames(const Pipeline& pipeline, const char* pad);
  ~Frames();
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  std::vector<Frame> all() const;
  std::size_t size() const { return all().size(); }
  void clear();

 private:
  // Shared with the probe, which may still run in another thread when the object dies.
  struct Log {
    std::mutex mutex;  // Guards the next.
    std::vector<Frame> frames;
  };
  static GstPadProbeReturn note(GstPad* pad, GstPadProbeInfo* info, gpointer log);

  GstPad* pad_;
  gulong probe_ = 0;
  const std::shared_ptr<Log> log_ = std::make_shared<Log>();
};

/// Text while the tone lasts, and none long after it.
void expect_text_in_time(const std::vector<Frames::Frame>& frames, GstClockTime from = 0);

}  // namespace npuwhisper::test
