// SPDX-License-Identifier: LGPL-2.1-or-later
// Failures inside npuwhisperbin cause an ERROR on the bus and never end the program.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <memory>

#include "failing_new.h"
#include "gst/support/gst_ptr.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::test {
namespace {

using ElementPtr = std::unique_ptr<GstElement, ObjectUnref>;

/// A source pad that the test pushes from, linked to an input of the bin.
class Source {
 public:
  Source(GstElement* bin, const char* input, const char* caps)
      : pad_(GST_PAD(gst_object_ref_sink(gst_pad_new(input, GST_PAD_SRC)))),
        sink_(gst_element_get_static_pad(bin, input)),
        caps_(gst_caps_from_string(caps)) {
    gst_pad_set_active(pad_.get(), TRUE);
  }
  ~Source() { gst_pad_set_active(pad_.get(), FALSE); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  void link() { gst_pad_link(pad_.get(), sink_.get()); }
  void unlink() { gst_pad_unlink(pad_.get(), sink_.get()); }
  /// Sends the initial events and a buffer of `n_bytes`.
  void begin(gsize n_bytes) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(pad_.get(), gst_event_new_stream_start("test"));
    gst_pad_push_event(pad_.get(), gst_event_new_caps(caps_.get()));
    gst_pad_push_event(pad_.get(), gst_event_new_segment(&segment));
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, n_bytes, nullptr);
    GST_BUFFER_PTS(buffer) = 0;
    GST_BUFFER_DURATION(buffer) = 40 * GST_MSECOND;
    gst_pad_push(pad_.get(), buffer);
  }
  void flush() {
    gst_pad_push_event(pad_.get(), gst_event_new_flush_start());
    gst_pad_push_event(pad_.get(), gst_event_new_flush_stop(TRUE));
  }

 private:
  const PadPtr pad_;
  const PadPtr sink_;
  const CapsPtr caps_;
};

class BinFaults : public ::testing::TestWithParam<const char*> {};

// In run n, the n-th allocation fails while an application links, plays, flushes and unlinks.
TEST_P(BinFaults, NoMemoryInACallbackEndsNoProgram) {
  bool happened = true;
  int n_errors = 0;
  int n = 1;
  for (; happened && n < 1000; ++n) {
    SCOPED_TRACE(n);
    set_script({});
    const ElementPtr bin(
        GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make("npuwhisperbin", nullptr))));
    GstBus* bus = gst_bus_new();
    gst_element_set_bus(bin.get(), bus);
    gst_util_set_object_arg(G_OBJECT(bin.get()), "mode", GetParam());
    gst_element_set_state(bin.get(), GST_STATE_PAUSED);
    Source audio(bin.get(), "audio_sink",
                 "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved");
    Source video(bin.get(), "video_sink",
                 "video/x-raw,format=GRAY8,width=16,height=16,framerate=25/1");
    {
      const FailingNew failing({.first = n});
      for (int i = 0; i < 2; ++i) {
        for (Source* source : {&audio, &video}) source->link();
        audio.begin(1280);
        video.begin(256);
        for (Source* source : {&audio, &video}) source->flush();
        audio.begin(1280);
        audio.unlink();
        video.begin(256);
        video.unlink();
      }
      happened = failing.happened();
    }
    if (GstMessage* error = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)) {
      ++n_errors;
      gst_message_unref(error);
    }
    EXPECT_EQ(gst_element_set_state(bin.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
    gst_element_set_bus(bin.get(), nullptr);
    gst_bus_set_flushing(bus, TRUE);
    gst_object_unref(bus);
  }
  EXPECT_FALSE(happened);
  EXPECT_GT(n, 3);
  EXPECT_GT(n_errors, 0);
}

INSTANTIATE_TEST_SUITE_P(Modes, BinFaults, ::testing::Values("overlay", "cea608", "cea708"));

}  // namespace
}  // namespace npuwhisper::test
