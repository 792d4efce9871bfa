// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of npuwhisperbin when one stream replaces another. decodebin unlinks and links the audio
// again for chained Ogg, and for MPEG-TS whose streams change. The video may also change its size.
#include <gst/video/video.h>

#include <atomic>
#include <thread>

#include "caption_bin_fixture.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kTicks =
    "wave=ticks freq=440 sine-periods-per-tick=440 tick-interval=4000000000 samplesperbuffer=1600 ";
constexpr const char* kAudioCaps = " ! audio/x-raw,rate=16000,channels=1 ";

/// Drops the EOS of the audio source that is linked to the bin, and unlinks this source. If a
/// source named "next" exists, links it instead.
class TakeOver {
 public:
  explicit TakeOver(const Pipeline& pipeline)
      : sink_(gst_element_get_static_pad(pipeline.element("b"), "audio_sink")),
        old_(gst_pad_get_peer(sink_)),
        next_(gst_bin_get_by_name(GST_BIN(pipeline.get()), "next")) {
    gst_pad_add_probe(old_, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, this, nullptr);
  }
  ~TakeOver() {
    if (next_ != nullptr) gst_object_unref(next_);
    gst_object_unref(old_);
    gst_object_unref(sink_);
  }
  TakeOver(const TakeOver&) = delete;
  TakeOver& operator=(const TakeOver&) = delete;

  bool is_done() const { return done_; }

 private:
  static GstPadProbeReturn on_event(GstPad*, GstPadProbeInfo* info, gpointer self) {
    auto& take_over = *static_cast<TakeOver*>(self);
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS) return GST_PAD_PROBE_OK;
    gst_pad_unlink(take_over.old_, take_over.sink_);
    if (take_over.next_ != nullptr) {
      GstPad* src = gst_element_get_static_pad(take_over.next_, "src");
      gst_pad_link(src, take_over.sink_);
      gst_object_unref(src);
      gst_element_set_locked_state(take_over.next_, FALSE);
      gst_element_sync_state_with_parent(take_over.next_);
    }
    take_over.done_ = true;
    return GST_PAD_PROBE_DROP;
  }

  GstPad* sink_;
  GstPad* old_;
  GstElement* next_;
  std::atomic<bool> done_{false};
};

class Relink : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string mode() { return std::string("mode=") + GetParam() + " "; }
  bool overlay() const { return std::string(GetParam()) == "overlay"; }
};

TEST_P(Relink, TextOfTheAudioBeforeIsKept) {
  // Recognition is slower than the relinking, so the text of the first source is still in flight.
  set_script({.decode_time = 300ms});
  Pipeline pipeline(bin(mode() + "latency=2000") + audio(12) + video(24) + kSinks);
  GstElement* next = gst_parse_bin_from_description(
      (std::string("audiotestsrc timestamp-offset=12000000000 num-buffers=120 ") + kTicks +
       kAudioCaps + " ! identity")
          .c_str(),
      TRUE, nullptr);
  ASSERT_NE(next, nullptr);
  gst_object_set_name(GST_OBJECT(next), "next");
  gst_element_set_locked_state(next, TRUE);
  gst_bin_add(GST_BIN(pipeline.get()), next);
  const TakeOver take_over(pipeline);
  const Frames frames(pipeline, "video_src");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.run());
  EXPECT_TRUE(take_over.is_done());
  EXPECT_EQ(frames.size(), 600U);
  EXPECT_EQ(sound.size(), 240U);
  EXPECT_GE(stat_of(pipeline.element("b"), "cues"), 6U);
  if (overlay()) expect_text_in_time(frames.all());
}

TEST_P(Relink, LastTextOfUnlinkedAudioIsSeen) {
  set_script({.decode_time = 100ms});
  Pipeline pipeline(bin(mode() + "latency=2000") +
                    "audiotestsrc name=audio freq=440 samplesperbuffer=1600 num-buffers=30 ! "
                    "audio/x-raw,rate=16000,channels=1 ! b.audio_sink " +
                    video(20) + kSinks);
  const TakeOver take_over(pipeline);
  const Frames frames(pipeline, "video_src");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(eventually([&] { return frames.size() == 500U; })) << frames.size();
  if (!overlay()) return;
  const auto seen = frames.all();
  EXPECT_TRUE(seen[60].has_text) << "at 2.4 s, with sound up to 3 s";
  EXPECT_FALSE(seen.back().has_text);
}

TEST_P(Relink, VideoEndsInGapsWhileTheAudioIsAway) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(2) + video(6) +
                    "b.video_src ! fakesink name=vs sync=false ");
  const TakeOver take_over(pipeline);
  GstPad* src = gst_element_get_static_pad(pipeline.element("video"), "src");
  gst_pad_add_probe(
      src, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [](GstPad* pad, GstPadProbeInfo* info, gpointer) {
        if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS) {
          gst_pad_push_event(pad, gst_event_new_gap(6 * GST_SECOND, 3 * GST_SECOND));
        }
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
  gst_object_unref(src);
  ASSERT_TRUE(pipeline.run());
}

/// Returns whether `queue` is at its limit, so that a thread that pushes to it waits.
bool is_full(GstElement* queue) {
  guint64 level = 0;
  guint64 limit = 0;
  g_object_get(queue, "current-level-time", &level, "max-size-time", &limit, nullptr);
  return level >= limit;
}

/// The video has stopped, the text waits for the video, and the audio waits for the text. In this
/// state, unlinking the video must still return.
TEST_P(Relink, UnlinkingTheVideoWhileEverythingIsFullDoesNotWait) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(10000) + video(10000) + kSinks);
  GstPad* sink = gst_element_get_static_pad(pipeline.element("b"), "video_sink");
  GstPad* src = gst_pad_get_peer(sink);
  const auto stop_at = [](GstPad*, GstPadProbeInfo* info, gpointer) {
    GstBuffer* frame = GST_PAD_PROBE_INFO_BUFFER(info);
    return GST_BUFFER_PTS(frame) < 2 * GST_SECOND ? GST_PAD_PROBE_PASS : GST_PAD_PROBE_OK;
  };
  const gulong probe = gst_pad_add_probe(
      src, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER),
      stop_at, nullptr, nullptr);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  GstElement* text_queue = gst_bin_get_by_name(GST_BIN(pipeline.element("b")), "text_queue");
  ASSERT_NE(text_queue, nullptr);
  // Requires 1000 full readings in a row, so that the queue is unlikely to drain again.
  int n_full = 0;
  ASSERT_TRUE(eventually([&] {
    n_full = is_full(text_queue) ? n_full + 1 : 0;
    return n_full == 1000;
  }));
  gst_object_unref(text_queue);

  std::atomic<bool> done{false};
  std::thread unlinking([&] {
    gst_pad_unlink(src, sink);
    done = true;
  });
  EXPECT_TRUE(eventually([&] { return done.load(); }));
  if (!done) pipeline.set_state(GST_STATE_NULL);  // Unblocks the thread.
  unlinking.join();
  // All streams continue once there is video again.
  const Frames frames(pipeline, "video_src");
  EXPECT_EQ(gst_pad_link(src, sink), GST_PAD_LINK_OK);
  gst_pad_remove_probe(src, probe);
  EXPECT_TRUE(eventually([&] { return frames.size() >= 500; })) << frames.size();
  EXPECT_FALSE(pipeline.message(GST_MESSAGE_ERROR, 0ms));
  gst_object_unref(src);
  gst_object_unref(sink);
}

TEST_P(Relink, VideoGoesOnAndSeeksWhileTheAudioIsAway) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(4) + video(10000) + kSinks);
  const TakeOver take_over(pipeline);
  Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(eventually([&] { return take_over.is_done() && frames.size() >= 1000; }))
      << frames.size();
  constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
  for (const gint64 start : {0, 50}) {
    ASSERT_TRUE(gst_element_seek(pipeline.element("vs"), 1.0, GST_FORMAT_TIME, kFlags,
                                 GST_SEEK_TYPE_SET, start * GST_SECOND, GST_SEEK_TYPE_NONE, 0));
    frames.clear();
    ASSERT_TRUE(eventually([&] { return frames.size() >= 1000; })) << frames.size();
  }
  EXPECT_FALSE(pipeline.message(GST_MESSAGE_ERROR, 0ms));
}

// Counts the frames whose size does not match the current caps.
class OddFrames {
 public:
  explicit OddFrames(const Pipeline& pipeline)
      : pad_(gst_element_get_static_pad(pipeline.element("vs"), "sink")) {
    gst_pad_add_probe(pad_, GST_PAD_PROBE_TYPE_BUFFER, on_frame, this, nullptr);
  }
  ~OddFrames() { gst_object_unref(pad_); }
  OddFrames(const OddFrames&) = delete;
  OddFrames& operator=(const OddFrames&) = delete;
  int n() const { return n_; }

 private:
  static GstPadProbeReturn on_frame(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
    GstCaps* caps = gst_pad_get_current_caps(pad);
    GstVideoInfo video;
    const bool fits = gst_video_info_from_caps(&video, caps) &&
                      video.size == gst_buffer_get_size(GST_PAD_PROBE_INFO_BUFFER(info));
    gst_caps_unref(caps);
    if (!fits) ++static_cast<OddFrames*>(self)->n_;
    return GST_PAD_PROBE_OK;
  }

  GstPad* pad_;
  std::atomic<int> n_{0};
};

TEST_P(Relink, FramesHaveTheCapsOfTheirSize) {
  set_script({.decode_time = 100ms});
  constexpr const char* kPicture =
      "videotestsrc pattern=black num-buffers=100 ! video/x-raw,format=GRAY8,framerate=25/1,";
  Pipeline pipeline(bin(mode() + "latency=2000") + "concat name=pictures ! b.video_sink " +
                    kPicture + "width=160,height=120 ! pictures. " + kPicture +
                    "width=320,height=240 ! pictures. "
                    "videotestsrc pattern=black num-buffers=1 ! video/x-raw,format=GRAY8,"
                    "framerate=25/1,width=64,height=48 ! pictures. " +
                    kPicture + "width=160,height=120 ! pictures. " + audio(12) + kSinks);
  const OddFrames odd(pipeline);
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(frames.size(), 301U);
  EXPECT_EQ(odd.n(), 0);
}

// Demuxers send GAPs if the video ends before the audio.
TEST_P(Relink, GapsOfTheVideoAreNoFrames) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(8) + video(2) + kSinks);
  GstPad* src = gst_element_get_static_pad(pipeline.element("video"), "src");
  gst_pad_add_probe(
      src, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [](GstPad* pad, GstPadProbeInfo* info, gpointer) {
        if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS) {
          for (int i = 0; i < 10; ++i) {
            gst_pad_push_event(
                pad, gst_event_new_gap((2000 + 100 * i) * GST_MSECOND, 100 * GST_MSECOND));
          }
        }
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
  gst_object_unref(src);
  const OddFrames odd(pipeline);
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(frames.size(), 50U);
  EXPECT_EQ(odd.n(), 0);
}

INSTANTIATE_TEST_SUITE_P(Modes, Relink, ::testing::Values("overlay", "cea608", "cea708"));

}  // namespace
}  // namespace npuwhisper::test
