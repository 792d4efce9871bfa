// SPDX-License-Identifier: LGPL-2.1-or-later
#include "caption_bin_fixture.h"

#include <algorithm>

#include "tests/gst/support/patient_clock.h"

namespace npuwhisper::test {

std::string audio(int n_seconds, const std::string& properties) {
  return "audiotestsrc name=audio wave=ticks freq=440 sine-periods-per-tick=440 "
         "tick-interval=4000000000 samplesperbuffer=1600 num-buffers=" +
         std::to_string(10 * n_seconds) + " " + properties +
         " ! audio/x-raw,rate=16000,channels=1 ! b.audio_sink ";
}

std::string video(int n_seconds, const std::string& properties) {
  return "videotestsrc name=video pattern=black num-buffers=" + std::to_string(25 * n_seconds) +
         " " + properties +
         " ! video/x-raw,format=GRAY8,width=160,height=120,framerate=25/1 ! b.video_sink ";
}

std::string bin(const std::string& properties) {
  return "npuwhisperbin name=b " + properties + " ";
}

InnerPad::InnerPad(const Pipeline& pipeline, const char* element, const char* pad) {
  GstElement* inner = gst_bin_get_by_name(GST_BIN(pipeline.element("b")), element);
  pad_ = gst_element_get_static_pad(inner, pad);
  gst_object_unref(inner);
}

InnerPad::~InnerPad() {
  gst_object_unref(pad_);
}

Frames::Frames(const Pipeline& pipeline, const char* pad)
    : pad_(gst_element_get_static_pad(pipeline.element("b"), pad)) {
  probe_ = gst_pad_add_probe(pad_, GST_PAD_PROBE_TYPE_BUFFER, note, new std::shared_ptr<Log>(log_),
                             [](gpointer log) { delete static_cast<std::shared_ptr<Log>*>(log); });
}

Frames::~Frames() {
  gst_pad_remove_probe(pad_, probe_);
  gst_object_unref(pad_);
}

std::vector<Frames::Frame> Frames::all() const {
  const std::scoped_lock lock(log_->mutex);
  return log_->frames;
}

void Frames::clear() {
  const std::scoped_lock lock(log_->mutex);
  log_->frames.clear();
}

GstPadProbeReturn Frames::note(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const std::shared_ptr<Log> log = *static_cast<std::shared_ptr<Log>*>(data);
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
  const bool seen = std::any_of(map.data, map.data + map.size, [](guint8 p) { return p > 128; });
  gst_buffer_unmap(buffer, &map);
  const std::scoped_lock lock(log->mutex);
  log->frames.push_back({GST_BUFFER_PTS(buffer), seen, PatientClock::now()});
  return GST_PAD_PROBE_OK;
}

void expect_text_in_time(const std::vector<Frames::Frame>& frames, GstClockTime from) {
  for (const Frames::Frame& frame : frames) {
    if (frame.pts < from) continue;
    const GstClockTime phase = frame.pts % kPeriod;
    if (phase > 100 * GST_MSECOND && phase < 800 * GST_MSECOND) {
      EXPECT_TRUE(frame.has_text) << "at " << frame.pts / GST_MSECOND << " ms";
    } else if (phase > 2900 * GST_MSECOND && phase < 3800 * GST_MSECOND) {
      EXPECT_FALSE(frame.has_text) << "at " << frame.pts / GST_MSECOND << " ms";
    }
  }
}

}  // namespace npuwhisper::test
