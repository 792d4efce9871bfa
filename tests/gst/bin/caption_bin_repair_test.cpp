// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of input that npuwhisperbin keeps away from GStreamer elements that cannot handle it.
// CRITICALs of these elements end the test program.
#include <gst/video/video.h>

#include <atomic>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "caption_bin_fixture.h"
#include "gst/support/gst_ptr.h"
#include "gst/support/sticky_events.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

// -40 ms. Times are unsigned, so this is a value near 2^64.
constexpr GstClockTime kBelowZero = GstClockTime{0} - 40 * GST_MSECOND;

class ClosedCaptions : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string mode() { return std::string("mode=") + GetParam() + " "; }
};

/// cccombiner clips a GAP event to its segment even before it has received a SEGMENT event.
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

/// Without caps, cccombiner cannot compute the duration of a frame.
TEST_P(ClosedCaptions, AGapOfTheVideoBeforeItsCapsDoesNoHarm) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(10000) + video(10000) + kSinks);
  GstPad* sink = gst_element_get_static_pad(pipeline.element("b"), "video_sink");
  GstPad* source = gst_pad_get_peer(sink);
  const gulong hold =
      gst_pad_add_probe(source, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, nullptr, nullptr, nullptr);
  const Frames frames(pipeline, "video_src");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_send_event(sink, gst_event_new_stream_start("video"));
  gst_pad_send_event(sink, gst_event_new_segment(&segment));
  gst_pad_send_event(sink, gst_event_new_gap(0, GST_CLOCK_TIME_NONE));
  gst_pad_remove_probe(source, hold);
  gst_object_unref(source);
  gst_object_unref(sink);
  EXPECT_TRUE(eventually([&] { return frames.size() >= 200; })) << frames.size();
}

/// cccombiner adds the timestamp and the duration of a frame. If the sum exceeds 64 bits,
/// cccombiner aborts the program.
TEST_P(ClosedCaptions, AFrameWithAnImpossibleTimeIsDropped) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(10) + video(10) + kSinks);
  GstPad* source = gst_element_get_static_pad(pipeline.element("video"), "src");
  gst_pad_add_probe(
      source, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        info->data = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
        GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
        if (GST_BUFFER_PTS(buffer) == GST_SECOND) GST_BUFFER_PTS(buffer) = kBelowZero;
        if (GST_BUFFER_PTS(buffer) == 2 * GST_SECOND) GST_BUFFER_DURATION(buffer) = kBelowZero;
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
  gst_object_unref(source);
  const Frames frames(pipeline, "video_src");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_WARNING));
  const auto next = pipeline.message(
      static_cast<GstMessageType>(GST_MESSAGE_WARNING | GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
  ASSERT_TRUE(next);
  EXPECT_EQ(GST_MESSAGE_TYPE(next.get()), GST_MESSAGE_EOS) << "said more than once";
  EXPECT_EQ(frames.size(), 248U);
}

// Counts the GAP events with the duration kBelowZero in the std::atomic<int> `n`.
GstPadProbeReturn count_impossible_gap(GstPad*, GstPadProbeInfo* info, gpointer n) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_GAP) return GST_PAD_PROBE_OK;
  GstClockTime duration = 0;
  gst_event_parse_gap(event, nullptr, &duration);
  if (duration == kBelowZero) ++*static_cast<std::atomic<int>*>(n);
  return GST_PAD_PROBE_OK;
}

/// cccombiner forwards all GAP events of the video that it receives.
TEST_P(ClosedCaptions, AGapWithAnImpossibleDurationIsDropped) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(10) + video(10) + kSinks);
  GstPad* source = gst_element_get_static_pad(pipeline.element("video"), "src");
  gst_pad_add_probe(
      source, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad* pad, GstPadProbeInfo* info, gpointer) {
        const GstClockTime start = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
        if (start < GST_SECOND) return GST_PAD_PROBE_OK;
        gst_pad_push_event(pad, gst_event_new_gap(start, kBelowZero));
        return GST_PAD_PROBE_REMOVE;
      },
      nullptr, nullptr);
  gst_object_unref(source);
  std::atomic<int> n_passed{0};
  GstPad* out = gst_element_get_static_pad(pipeline.element("b"), "video_src");
  gst_pad_add_probe(out, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, count_impossible_gap, &n_passed,
                    nullptr);
  gst_object_unref(out);
  const Frames frames(pipeline, "video_src");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(pipeline.message(GST_MESSAGE_EOS));
  EXPECT_EQ(n_passed, 0);
  EXPECT_EQ(frames.size(), 250U);
}

// A frame's time and the data of its captions.
using CaptionedFrame = std::pair<GstClockTime, std::vector<guint8>>;

// At half speed, sends a GAP of 3 s before each frame, as qtdemux of GStreamer 1.22 does. The GAP
// covers the times of this frame and the next frames.
GstPadProbeReturn send_gap(GstPad* pad, GstPadProbeInfo* info, gpointer) {
  const auto segment = segment_of(pad);
  if (segment && segment->rate == 0.5) {
    const GstClockTime start = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
    gst_pad_push_event(pad, gst_event_new_gap(start, 3 * GST_SECOND));
  }
  return GST_PAD_PROBE_OK;
}

// Adds a frame to the std::vector<CaptionedFrame> `log`. A flush empties the log.
GstPadProbeReturn note_frame(GstPad*, GstPadProbeInfo* info, gpointer log) {
  auto& frames = *static_cast<std::vector<CaptionedFrame>*>(log);
  if ((info->type & GST_PAD_PROBE_TYPE_EVENT_FLUSH) != 0) {
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_FLUSH_STOP) frames.clear();
    return GST_PAD_PROBE_OK;
  }
  GstBuffer* frame = GST_PAD_PROBE_INFO_BUFFER(info);
  const auto* captions = gst_buffer_get_video_caption_meta(frame);
  std::vector<guint8> data;
  if (captions != nullptr) data.assign(captions->data, captions->data + captions->size);
  frames.emplace_back(GST_BUFFER_PTS(frame), std::move(data));
  return GST_PAD_PROBE_OK;
}

// Plays 8 s of video at half speed and returns its frames.
//
// The seek to half speed must not interrupt a caption, so the text before the seek is empty. After
// an interrupted caption, the first frame may have the second copy of a control code, because
// texttocea608 keeps this copy if it has sent the first one.
std::vector<CaptionedFrame> frames_at_half_speed(const std::string& mode, bool with_gaps) {
  // The script has more texts than the audio has tones, so the empty text is not used again.
  std::vector<std::string> texts(500, " sound");
  texts.front().clear();
  set_script({.texts = std::move(texts)});
  std::vector<CaptionedFrame> frames;
  Pipeline pipeline(bin(mode + "latency=2000") + audio(1000) + video(1000) + kSinks);
  const PadPtr source(gst_element_get_static_pad(pipeline.element("video"), "src"));
  const PadPtr sink(gst_element_get_static_pad(pipeline.element("vs"), "sink"));
  if (with_gaps) {
    gst_pad_add_probe(source.get(), GST_PAD_PROBE_TYPE_BUFFER, send_gap, nullptr, nullptr);
  }
  constexpr auto kFrames =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_FLUSH);
  gst_pad_add_probe(sink.get(), kFrames, note_frame, &frames, nullptr);
  EXPECT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
  EXPECT_TRUE(gst_element_seek(pipeline.get(), 0.5, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET, 0,
                               GST_SEEK_TYPE_SET, 8 * GST_SECOND));
  EXPECT_TRUE(pipeline.run());
  EXPECT_TRUE(pipeline.set_state(GST_STATE_NULL));
  return frames;
}

/// For such a GAP, cccombiner would take all captions within the GAP, and discard most of them.
TEST_P(ClosedCaptions, GapsThatContainFramesLeaveTheCaptions) {
  const auto wanted = frames_at_half_speed(mode(), false);
  const auto found = frames_at_half_speed(mode(), true);
  ASSERT_GE(wanted.size(), 195U);
  ASSERT_EQ(found.size(), wanted.size());
  std::set<std::vector<guint8>> pairs;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(found[i], wanted[i]) << "frame " << i;
    pairs.insert(wanted[i].second);
  }
  EXPECT_GE(pairs.size(), 5U) << "the captions have no text";
}

INSTANTIATE_TEST_SUITE_P(Modes, ClosedCaptions, ::testing::Values("cea608", "cea708"));

/// Flushes the captions while ccconverter converts a buffer. The flush begins when ccconverter
/// releases the previous buffer.
class FlushWhileConverting {
 public:
  explicit FlushWhileConverting(const Pipeline& pipeline)
      : captions_(pipeline, "captions", "sink"), converter_(pipeline, "caption_converter", "sink") {
    probe_ =
        gst_pad_add_probe(converter_.get(), GST_PAD_PROBE_TYPE_BUFFER, on_buffer, this, nullptr);
  }
  ~FlushWhileConverting() {
    gst_pad_remove_probe(converter_.get(), probe_);
    if (flushing_.joinable()) flushing_.join();
  }
  FlushWhileConverting(const FlushWhileConverting&) = delete;
  FlushWhileConverting& operator=(const FlushWhileConverting&) = delete;

  bool is_done() const { return done_; }

 private:
  static GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo* info, gpointer self) {
    auto& flush = *static_cast<FlushWhileConverting*>(self);
    if (++flush.n_buffers_ != 10) return GST_PAD_PROBE_OK;
    gst_mini_object_set_qdata(GST_MINI_OBJECT(GST_PAD_PROBE_INFO_BUFFER(info)),
                              g_quark_from_static_string("flush"), self, on_release);
    return GST_PAD_PROBE_OK;
  }

  // Called by ccconverter, which has taken the next buffer. The flush either proceeds immediately
  // or waits until ccconverter is done.
  static void on_release(gpointer self) {
    auto& flush = *static_cast<FlushWhileConverting*>(self);
    flush.flushing_ = std::thread([&flush] {
      gst_pad_send_event(flush.captions_.get(), gst_event_new_flush_start());
      gst_pad_send_event(flush.captions_.get(), gst_event_new_flush_stop(TRUE));
      flush.done_ = true;
    });
    std::this_thread::sleep_for(200ms);
  }

  const InnerPad captions_;
  const InnerPad converter_;
  gulong probe_ = 0;
  int n_buffers_ = 0;
  std::thread flushing_;
  std::atomic<bool> done_{false};
};

TEST(CaptionBin, AFlushWaitsUntilTheConverterOfCaptionsIsDone) {
  set_script({});
  Pipeline pipeline(bin("mode=cea708 latency=1000") + audio(20) + video(20) + kSinks);
  const FlushWhileConverting flush(pipeline);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  EXPECT_TRUE(eventually([&] { return flush.is_done(); }));
  pipeline.set_state(GST_STATE_NULL);
}

// If the text has received no FLUSH_START, TextSwitch sends FLUSH_START right before FLUSH_STOP.
TEST(CaptionBin, AFlushWakesTextThatWaitsForTheVideo) {
  set_script({});
  Pipeline pipeline(bin("mode=cea608") +
                    "appsrc name=audio ! b.audio_sink  appsrc name=video ! b.video_sink " + kSinks);
  gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
  const InnerPad captions(pipeline, "captions", "sink");
  constexpr int kFlushes = 1000;
  std::atomic<int> n_flushes{0};
  std::thread text([&] {
    while (n_flushes < kFlushes) {
      gst_pad_send_event(captions.get(), gst_event_new_stream_start("text"));
    }
  });
  std::thread flushes([&] {
    for (; n_flushes < kFlushes; ++n_flushes) {
      while (!gst_pad_is_blocking(captions.get())) std::this_thread::yield();
      gst_pad_send_event(captions.get(), gst_event_new_flush_start());
      gst_pad_send_event(captions.get(), gst_event_new_flush_stop(TRUE));
    }
  });
  EXPECT_TRUE(eventually([&] { return n_flushes == kFlushes; })) << n_flushes;
  n_flushes = kFlushes;
  pipeline.set_state(GST_STATE_NULL);  // Wakes the threads if they are still blocked.
  flushes.join();
  text.join();
}

}  // namespace
}  // namespace npuwhisper::test
