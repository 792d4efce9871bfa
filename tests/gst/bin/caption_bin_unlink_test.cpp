// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of npuwhisperbin when its audio is unlinked or linked during a flush, or when one thread
// links the audio while another thread unlinks it.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <tuple>

#include "caption_bin_fixture.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kFlushingSeek =
    static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);

/// A sink pad of the bin and its peer.
struct Input {
  Input(const Pipeline& pipeline, const char* name)
      : sink(gst_element_get_static_pad(pipeline.element("b"), name)),
        source(gst_pad_get_peer(sink)) {}
  ~Input() {
    gst_object_unref(source);
    gst_object_unref(sink);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  GstPad* const sink;
  GstPad* const source;
};

/// Blocks each thread that sends an event of `type` to `pad`, until release() is called. thread()
/// returns the id of the first blocked thread.
class HeldEvent {
 public:
  HeldEvent(GstPad* pad, GstEventType type) : pad_(pad), type_(type) {
    constexpr auto kEvents = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_EVENT_BOTH |
                                                          GST_PAD_PROBE_TYPE_EVENT_FLUSH);
    probe_ = gst_pad_add_probe(pad, kEvents, on_event, this, nullptr);
  }
  ~HeldEvent() {
    release();
    gst_pad_remove_probe(pad_, probe_);
  }
  HeldEvent(const HeldEvent&) = delete;
  HeldEvent& operator=(const HeldEvent&) = delete;

  /// Returns true once a thread has been blocked.
  bool is_held() const { return held_; }
  std::thread::id thread() const {
    const std::scoped_lock lock(mutex_);
    return thread_;
  }
  void release() {
    const std::scoped_lock lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  static GstPadProbeReturn on_event(GstPad*, GstPadProbeInfo* info, gpointer self) {
    auto& event = *static_cast<HeldEvent*>(self);
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != event.type_) return GST_PAD_PROBE_OK;
    std::unique_lock lock(event.mutex_);
    if (!event.held_.exchange(true)) event.thread_ = std::this_thread::get_id();
    event.changed_.wait(lock, [&] { return event.released_; });
    return GST_PAD_PROBE_OK;
  }

  GstPad* pad_;
  const GstEventType type_;
  gulong probe_ = 0;
  std::atomic<bool> held_{false};
  mutable std::mutex mutex_;  // Guards thread_ and released_.
  std::condition_variable changed_;
  std::thread::id thread_;
  bool released_ = false;
};

class Unlink : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string mode() { return std::string("mode=") + GetParam() + " "; }
  static bool overlay() { return std::string(GetParam()) == "overlay"; }
};

class UnlinkDuringFlush : public ::testing::TestWithParam<std::tuple<const char*, GstEventType>> {};

/// The audio is unlinked when another thread's flush has reached npuwhisper.
TEST_P(UnlinkDuringFlush, TheVideoGoesOn) {
  const char* const mode = std::get<0>(GetParam());
  const GstEventType type = std::get<1>(GetParam());
  set_script({});
  Pipeline pipeline(bin(std::string("mode=") + mode + " latency=1000") + audio(10000) +
                    video(10000) + kSinks);
  const Input audio(pipeline, "audio_sink");
  Frames frames(pipeline, "video_src");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(eventually([&] { return frames.size() >= 100; })) << frames.size();

  const InnerPad whisper(pipeline, "npuwhisper", "sink");
  HeldEvent held(whisper.get(), type);
  std::thread flushing([&] {
    gst_pad_send_event(audio.sink, gst_event_new_flush_start());
    if (type == GST_EVENT_FLUSH_STOP) {
      gst_pad_send_event(audio.sink, gst_event_new_flush_stop(TRUE));
    }
  });
  EXPECT_TRUE(eventually([&] { return held.is_held(); }));
  gst_pad_unlink(audio.source, audio.sink);
  held.release();
  flushing.join();

  frames.clear();
  EXPECT_TRUE(eventually([&] { return frames.size() >= 500; })) << frames.size();
}

INSTANTIATE_TEST_SUITE_P(Modes, UnlinkDuringFlush,
                         ::testing::Combine(::testing::Values("overlay", "cea608", "cea708"),
                                            ::testing::Values(GST_EVENT_FLUSH_START,
                                                              GST_EVENT_FLUSH_STOP)));

// A flushed sink takes the pipeline's state lock. An application that seeks holds that lock, so
// only the application's thread may send the flush.
TEST(CaptionBin, AFlushDuringALinkStaysInItsOwnThread) {
  set_script({});
  Pipeline pipeline(bin("mode=cea608 latency=1000") + audio(10000) + video(10000) + kSinks);
  const Input audio(pipeline, "audio_sink");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(eventually([&] { return frames.size() >= 100; })) << frames.size();
  gst_pad_unlink(audio.source, audio.sink);

  const InnerPad whisper(pipeline, "npuwhisper", "sink");
  HeldEvent flushed(whisper.get(), GST_EVENT_FLUSH_START);
  flushed.release();
  const InnerPad tee(pipeline, "audio_tee", "src_1");
  HeldEvent held(tee.get(), GST_EVENT_RECONFIGURE);
  std::thread linking([&] { gst_pad_link(audio.source, audio.sink); });
  EXPECT_TRUE(eventually([&] { return held.is_held(); }));
  std::thread flushing([&] {
    gst_pad_send_event(audio.sink, gst_event_new_flush_start());
    gst_pad_send_event(audio.sink, gst_event_new_flush_stop(TRUE));
  });
  const std::thread::id thread = flushing.get_id();
  std::this_thread::sleep_for(50ms);  // The flush waits for the thread that links.
  held.release();
  flushing.join();
  linking.join();
  EXPECT_EQ(flushed.thread(), thread);
}

TEST(CaptionBin, UnlinkingTheAudioRepeatsNoFlushOfTheVideo) {
  set_script({});
  Pipeline pipeline(bin("mode=cea608 latency=1000") + audio(10000) + video(10000) + kSinks);
  const Input audio(pipeline, "audio_sink");
  Frames frames(pipeline, "video_src");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(eventually([&] { return frames.size() >= 100; })) << frames.size();
  ASSERT_TRUE(
      gst_element_seek_simple(pipeline.element("video"), GST_FORMAT_TIME, kFlushingSeek, 0));
  frames.clear();
  ASSERT_TRUE(eventually([&] { return frames.size() >= 100; })) << frames.size();

  const InnerPad combined(pipeline, "combiner", "src");
  HeldEvent flushed(combined.get(), GST_EVENT_FLUSH_START);
  flushed.release();
  gst_pad_unlink(audio.source, audio.sink);
  frames.clear();
  EXPECT_TRUE(eventually([&] { return frames.size() >= 500; })) << frames.size();
  EXPECT_EQ(flushed.thread(), std::thread::id()) << "FLUSH_START came";
}

/// Blocks npuwhisper's source pad from the first text buffer whose PTS is at least `from`.
class HeldText {
 public:
  HeldText(const Pipeline& pipeline, GstClockTime from)
      : pad_(pipeline, "npuwhisper", "src"), from_(from) {
    probe_ = gst_pad_add_probe(
        pad_.get(),
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER), on_text,
        this, nullptr);
  }
  ~HeldText() { release(); }
  HeldText(const HeldText&) = delete;
  HeldText& operator=(const HeldText&) = delete;

  bool is_held() const { return held_; }
  void release() {
    if (probe_ != 0) gst_pad_remove_probe(pad_.get(), probe_);
    probe_ = 0;
  }

 private:
  static GstPadProbeReturn on_text(GstPad*, GstPadProbeInfo* info, gpointer self) {
    auto& text = *static_cast<HeldText*>(self);
    if (GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)) < text.from_) return GST_PAD_PROBE_PASS;
    text.held_ = true;
    return GST_PAD_PROBE_OK;
  }

  const InnerPad pad_;
  const GstClockTime from_;
  gulong probe_ = 0;
  std::atomic<bool> held_{false};
};

/// The last text, and the end of the text stream after it, are still in flight at the seek.
TEST_P(Unlink, NoOldTextIsSeenBehindASeek) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(9) + video(10000) + kSinks);
  const Input audio(pipeline, "audio_sink");
  std::atomic<bool> unlinked{false};
  struct Ends {
    const Input& audio;
    std::atomic<bool>& unlinked;
  } ends{audio, unlinked};
  gst_pad_add_probe(
      audio.source, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) {
        const auto& at = *static_cast<Ends*>(data);
        if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS) {
          return GST_PAD_PROBE_OK;
        }
        gst_pad_unlink(at.audio.source, at.audio.sink);
        at.unlinked = true;
        return GST_PAD_PROBE_DROP;
      },
      &ends, nullptr);
  HeldText held(pipeline, 7 * GST_SECOND);
  Frames frames(pipeline, "video_src");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(eventually([&] { return held.is_held() && unlinked; }));

  ASSERT_TRUE(gst_element_seek(pipeline.element("vs"), 1.0, GST_FORMAT_TIME, kFlushingSeek,
                               GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0));
  held.release();
  frames.clear();
  ASSERT_TRUE(eventually([&] { return frames.size() >= 400; })) << frames.size();
  if (!overlay()) return;
  for (const Frames::Frame& frame : frames.all()) {
    EXPECT_FALSE(frame.has_text) << "at " << frame.pts / GST_MSECOND << " ms";
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, Unlink, ::testing::Values("overlay", "cea608", "cea708"));

/// One thread links the audio, and another thread unlinks it meanwhile.
TEST(CaptionBin, TheLastOfTwoThreadsDecidesWhetherTextFlows) {
  set_script({});
  Pipeline pipeline(bin("mode=overlay latency=1000") + audio(6) + video(6) + kSinks);
  const Input audio(pipeline, "audio_sink");
  gst_pad_unlink(audio.source, audio.sink);
  const InnerPad text(pipeline, "overlay", "text_sink");
  const gulong handler =
      g_signal_connect(text.get(), "linked", G_CALLBACK(+[](GstPad*, GstPad*, gpointer data) {
                         const auto& linked = *static_cast<const Input*>(data);
                         std::thread([&] { gst_pad_unlink(linked.source, linked.sink); }).join();
                       }),
                       const_cast<Input*>(&audio));
  gst_pad_link(audio.source, audio.sink);
  g_signal_handler_disconnect(text.get(), handler);
  EXPECT_FALSE(gst_pad_is_linked(text.get()));
  gst_pad_link(audio.source, audio.sink);
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.run());
  expect_text_in_time(frames.all());
}

}  // namespace
}  // namespace npuwhisper::test
