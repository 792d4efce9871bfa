// SPDX-License-Identifier: LGPL-2.1-or-later
// Serialized queries through npuwhisperbin must not wait for preroll or for the model.
#include <algorithm>
#include <atomic>
#include <functional>

#include "caption_bin_fixture.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

GstQuery* make_query(GstQueryType type) {
  if (type == GST_QUERY_DRAIN) return gst_query_new_drain();
  GstCaps* caps = gst_caps_from_string("audio/x-raw,format=S16LE,rate=16000,channels=1");
  GstQuery* query = gst_query_new_allocation(caps, TRUE);
  gst_caps_unref(caps);
  return query;
}

/// Sends serialized queries downstream from the source pad of an element, in its streaming thread,
/// before each of its buffers. Decoders do so when they renegotiate.
class Asker {
 public:
  Asker(const Pipeline& pipeline, const char* element)
      : pad_(gst_element_get_static_pad(pipeline.element(element), "src")) {
    probe_ = gst_pad_add_probe(pad_, GST_PAD_PROBE_TYPE_BUFFER, ask, this, nullptr);
  }
  ~Asker() {
    gst_pad_remove_probe(pad_, probe_);
    gst_object_unref(pad_);
  }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  int n_answered() const { return n_answered_; }

 private:
  static GstPadProbeReturn ask(GstPad* pad, GstPadProbeInfo*, gpointer self) {
    auto& asker = *static_cast<Asker*>(self);
    for (const GstQueryType type : {GST_QUERY_ALLOCATION, GST_QUERY_DRAIN}) {
      GstQuery* query = make_query(type);
      gst_pad_peer_query(pad, query);  // The query may fail.
      gst_query_unref(query);
      ++asker.n_answered_;
    }
    return GST_PAD_PROBE_OK;
  }

  GstPad* pad_;
  gulong probe_ = 0;
  std::atomic<int> n_answered_{0};
};

class QueriesInEveryMode : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string mode() { return std::string("mode=") + GetParam() + " "; }
};

TEST_P(QueriesInEveryMode, OfAudioAreAnsweredBeforePreroll) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=2000") + audio(8) + video(8) + kSinks);
  const Asker asker(pipeline, "audio");
  const Frames frames(pipeline, "video_src");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(asker.n_answered(), 2 * 80);
  EXPECT_EQ(frames.size(), 200U);
  EXPECT_EQ(sound.size(), 80U);
}

TEST_P(QueriesInEveryMode, OfVideoAreAnsweredBeforePreroll) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=2000") + audio(8) + video(8) + kSinks);
  const Asker asker(pipeline, "video");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  // The pipeline stays paused, because queries must be answered without PLAYING.
  EXPECT_TRUE(eventually([&] { return asker.n_answered() >= 2 * 20; })) << asker.n_answered();
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(asker.n_answered(), 2 * 200);
}

// A seek while paused makes both sinks preroll again.
TEST_P(QueriesInEveryMode, AreAnsweredBeforePrerollAfterASeek) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=2000") + audio(1000) + video(1000) + kSinks);
  const Asker of_audio(pipeline, "audio");
  const Asker of_video(pipeline, "video");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  for (const gint64 start : {40, 20}) {
    constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
    ASSERT_TRUE(gst_element_seek(pipeline.get(), 1.0, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET,
                                 start * GST_SECOND, GST_SEEK_TYPE_SET, (start + 8) * GST_SECOND));
    ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  }
  ASSERT_TRUE(pipeline.run());
}
INSTANTIATE_TEST_SUITE_P(Modes, QueriesInEveryMode,
                         ::testing::Values("none", "overlay", "cea608", "cea708"));

/// Counts the ALLOCATION queries that reach a sink.
class Allocations {
 public:
  Allocations(const Pipeline& pipeline, const char* sink)
      : pad_(gst_element_get_static_pad(pipeline.element(sink), "sink")) {
    constexpr auto kQueries =
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM | GST_PAD_PROBE_TYPE_PUSH);
    probe_ = gst_pad_add_probe(
        pad_, kQueries,
        [](GstPad*, GstPadProbeInfo* info, gpointer n) {
          if (GST_QUERY_TYPE(GST_PAD_PROBE_INFO_QUERY(info)) == GST_QUERY_ALLOCATION) {
            ++*static_cast<std::atomic<int>*>(n);
          }
          return GST_PAD_PROBE_OK;
        },
        &n_, nullptr);
  }
  ~Allocations() {
    gst_pad_remove_probe(pad_, probe_);
    gst_object_unref(pad_);
  }
  Allocations(const Allocations&) = delete;
  Allocations& operator=(const Allocations&) = delete;
  int n() const { return n_; }

 private:
  GstPad* pad_;
  gulong probe_ = 0;
  std::atomic<int> n_{0};
};

// The ALLOCATION query of the video source must reach the sink. The source then receives the sink's
// answer, such as a buffer pool in the sink's memory.
TEST(CaptionBin, AllocationOfTheFirstBufferReachesTheSink) {
  for (int run = 0; run < 2; ++run) {
    set_script({});
    Pipeline pipeline(bin("mode=none") + audio(2) + video(2) + kSinks);
    const Allocations offers(pipeline, "vs");
    for (int n_runs = 1; n_runs <= 2; ++n_runs) {
      ASSERT_TRUE(pipeline.run());
      EXPECT_GE(offers.n(), n_runs) << "in each run";
      ASSERT_TRUE(pipeline.set_state(GST_STATE_READY));
    }
  }
}

// A decoder that can downmix queries the caps. The bin must offer it six channels if the sink
// accepts six, although recognition needs only one.
TEST(CaptionBin, TheTextDoesNotChooseTheChannelsOfTheAudio) {
  for (const char* mode : {"mode=none", "mode=overlay", "mode=cea708"}) {
    SCOPED_TRACE(mode);
    set_script({});
    Pipeline pipeline(bin(mode) + audio(2) + video(2) + kSinks);
    ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
    GstPad* sink = gst_element_get_static_pad(pipeline.element("b"), "audio_sink");
    GstCaps* filter = gst_caps_from_string("audio/x-raw,format=F32LE,channels={6,2,1},rate=48000");
    GstCaps* caps = gst_pad_query_caps(sink, filter);
    ASSERT_FALSE(gst_caps_is_empty(caps));
    caps = gst_caps_fixate(caps);
    int channels = 0;
    gst_structure_get_int(gst_caps_get_structure(caps, 0), "channels", &channels);
    EXPECT_EQ(channels, 6);
    gst_caps_unref(caps);
    gst_caps_unref(filter);
    gst_object_unref(sink);
  }
}

}  // namespace
}  // namespace npuwhisper::test
