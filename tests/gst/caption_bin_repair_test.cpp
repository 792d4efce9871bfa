// SPDX-License-Identifier: LGPL-2.1-or-later
// What npuwhisperbin keeps away from elements of GStreamer that cannot stand it. The CRITICALs that
// these print end the test program.
#include "../../gst/gst_ptr.h"
#include "caption_bin_fixture.h"
#include "scripted_runtime.h"

namespace npuwhisper::test {
namespace {

class ClosedCaptions : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string mode() { return std::string("mode=") + GetParam() + " "; }
};

/// cccombiner clips a GAP to a segment that it does not have.
TEST_P(ClosedCaptions, AGapOfTheVideoBeforeItsSegmentDoesNoHarm) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(10000) + video(10000) + kSinks);
  GstPad* source = gst_element_get_static_pad(pipeline.element("video"), "src");
  gst_pad_add_probe(
      source, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad* pad, GstPadProbeInfo* info, gpointer) {
        if (GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)) < GST_SECOND) return GST_PAD_PROBE_OK;
        GstPad* sink = gst_pad_get_peer(pad);
        gst_pad_send_event(sink, gst_event_new_flush_start());
        gst_pad_send_event(sink, gst_event_new_flush_stop(FALSE));
        gst_object_unref(sink);
        gst_pad_push_event(pad, gst_event_new_gap(GST_SECOND, GST_MSECOND));
        const EventPtr segment(gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0));
        gst_pad_push_event(pad, gst_event_copy(segment.get()));
        return GST_PAD_PROBE_REMOVE;
      },
      nullptr, nullptr);
  gst_object_unref(source);
  const Frames frames(pipeline, "video_src");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  EXPECT_TRUE(eventually([&] { return frames.size() >= 200; })) << frames.size();
}

INSTANTIATE_TEST_SUITE_P(Modes, ClosedCaptions, ::testing::Values("cea608", "cea708"));

}  // namespace
}  // namespace npuwhisper::test
