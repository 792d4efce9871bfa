// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests a live pipeline with video and audio on a machine that becomes ten times slower and then
// recovers. The tests run the real live policy with a decoder that sleeps.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/gst/support/patient_clock.h"
#include "tests/gst/support/pipeline_fixture.h"
#include "tests/gst/support/scripted_runtime.h"
#include "tests/runtime/whisper/live_scene.h"
#include "whisper/live_transcriber.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kPass = 100ms;
constexpr GstClockTime kLatency = GST_SECOND;

/// A simulated speaker, who says a word every 0.4 s, and a simulated machine, which spends `cost`
/// on each decoder pass.
struct Stage {
  Stage() {
    const std::vector<Token> tokens = one_token_words(vocabulary);
    for (std::int64_t i = 0; i < 100; ++i) {
      const std::int64_t start = i * kSampleRate * 4 / 10;
      words.push_back({tokens[static_cast<std::size_t>(i) % tokens.size()], start,
                       start + kSampleRate * 36 / 100});
    }
    set_script({.make_transcriber = [this](const TranscriberOptions& options) {
      return make_transcriber(options);
    }});
  }

  Result<std::unique_ptr<Transcriber>> make_transcriber(const TranscriberOptions& options) {
    auto live = LiveTranscriber::create(
        *vocabulary.tokenizer, vocabulary.config, options,
        [this](int, const std::atomic<bool>& cancelled) -> Result<std::unique_ptr<TokenDecoder>> {
          auto speaker = std::make_unique<ScriptedSpeaker>(vocabulary, words, heard, unused_time);
          speaker->cancelled = &cancelled;
          speaker->on_encode = [this, &cancelled] {
            const auto end = PatientClock::now() + cost.load();
            while (PatientClock::now() < end && !cancelled) std::this_thread::sleep_for(1ms);
          };
          return std::unique_ptr<TokenDecoder>(std::move(speaker));
        },
        [this](int capacity_frames) -> Result<std::unique_ptr<LogMel>> {
          auto mel = MelFrontend::create(vocabulary.config.n_mels, capacity_frames);
          if (!mel) return fail(mel.error());
          return std::unique_ptr<LogMel>(std::make_unique<WatchedMel>(std::move(*mel), heard));
        },
        PatientClock::now);
    if (!live) return fail(live.error());
    return std::unique_ptr<Transcriber>(std::move(*live));
  }

  const PatientClock clock;
  const Vocabulary& vocabulary = Vocabulary::multilingual();
  std::vector<ScriptedWord> words;
  HeardWindow heard;
  LiveTime unused_time;
  std::atomic<std::chrono::milliseconds> cost{kPass};
};

/// Records when buffers leave a pad, by the pipeline's clock.
class Departures {
 public:
  struct Buffer {
    /// Running time of the buffer's end, or of its start if the buffer has no duration.
    GstClockTime end = 0;
    GstClockTime left = 0;
    bool discont = false;
  };

  Departures(GstElement* pipeline, GstElement* element) : pipeline_(pipeline) {
    GstPad* pad = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, note, this, nullptr);
    gst_object_unref(pad);
  }
  std::vector<Buffer> after(GstClockTime running_time) const {
    const std::scoped_lock lock(mutex_);
    std::vector<Buffer> late = buffers_;
    std::erase_if(late, [&](const Buffer& buffer) { return buffer.left < running_time; });
    return late;
  }

 private:
  static GstPadProbeReturn note(GstPad*, GstPadProbeInfo* info, gpointer self) {
    auto& departures = *static_cast<Departures*>(self);
    GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    Buffer noted{.end = GST_BUFFER_PTS(buffer),
                 .left = gst_element_get_current_running_time(departures.pipeline_),
                 .discont = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT) != FALSE};
    if (GST_BUFFER_DURATION_IS_VALID(buffer)) noted.end += GST_BUFFER_DURATION(buffer);
    const std::scoped_lock lock(departures.mutex_);
    departures.buffers_.push_back(noted);
    return GST_PAD_PROBE_OK;
  }

  GstElement* pipeline_;
  mutable std::mutex mutex_;  // Guards buffers_.
  std::vector<Buffer> buffers_;
};

double seconds(GstClockTime later, GstClockTime earlier) {
  return (static_cast<double>(later) - static_cast<double>(earlier)) / GST_SECOND;
}

TEST(LiveOverload, PictureGoesOnAndCaptionsComeBack) {
  Stage stage;
  Pipeline pipeline(
      "audiotestsrc is-live=true samplesperbuffer=320 ! audio/x-raw,rate=16000,channels=1 ! "
      "npuwhisper name=n latency=1000 output-mode=word language-code=en vad=off ! queue ! "
      "o.text_sink "
      "videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=25/1 ! queue ! "
      "textoverlay name=o ! fakesink sync=true");
  const Departures words(pipeline.get(), pipeline.element("n"));
  const Departures pictures(pipeline.get(), pipeline.element("o"));
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  const auto now = [&] { return gst_element_get_current_running_time(pipeline.get()); };

  PatientClock::sleep(3s);
  EXPECT_FALSE(pipeline.message(GST_MESSAGE_WARNING, 0ms));
  const GstClockTime slow = now();
  stage.cost = 10 * kPass;
  PatientClock::sleep(6s);
  const auto warning = pipeline.message(GST_MESSAGE_WARNING, 0ms);
  stage.cost = kPass;
  const GstClockTime relief = now();
  PatientClock::sleep(8s);

  EXPECT_TRUE(warning) << "what is skipped must be said";
  EXPECT_GT(stat_of(pipeline.element("n"), "skipped-samples"), static_cast<guint64>(kSampleRate));
  const auto since_slow = words.after(slow);
  EXPECT_TRUE(std::any_of(since_slow.begin(), since_slow.end(),
                          [](const auto& word) { return word.discont; }));

  const auto back = words.after(relief + 5 * GST_SECOND);
  ASSERT_GE(back.size(), 4U);
  for (const auto& word : back) {
    EXPECT_LE(word.left, word.end + kLatency + 100 * GST_MSECOND);
  }
  EXPECT_GE(back.front().end, relief + 3 * GST_SECOND) << "at the live edge";

  const auto frames = pictures.after(GST_SECOND);
  ASSERT_GE(frames.size(), 300U);
  for (std::size_t i = 1; i < frames.size(); ++i) {
    EXPECT_LE(seconds(frames[i].left, frames[i - 1].left), 0.3) << "picture " << i;
    EXPECT_LE(seconds(frames[i].left, frames[i].end), 1.2) << "picture " << i;
  }
}

/// Pushes audio to an appsrc at the pace of the clock.
class Microphone {
 public:
  explicit Microphone(GstElement* source) : source_(source) {}
  void speak(std::chrono::milliseconds duration) {
    constexpr GstClockTime kBuffer = 20 * GST_MSECOND;
    for (auto left = duration; left > 0ms; left -= 20ms) {
      GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 4 * kSampleRate / 50, nullptr);
      gst_buffer_memset(buffer, 0, 0, 4 * kSampleRate / 50);
      GST_BUFFER_PTS(buffer) = std::exchange(pts_, pts_ + kBuffer);
      GST_BUFFER_DURATION(buffer) = kBuffer;
      GstFlowReturn flow = GST_FLOW_OK;
      g_signal_emit_by_name(source_, "push-buffer", buffer, &flow);
      gst_buffer_unref(buffer);
      PatientClock::sleep(20ms);
    }
  }

 private:
  GstElement* source_;
  GstClockTime pts_ = 0;
};

TEST(LiveStall, AWordThatItCutsInTwoIsSaidOnce) {
  Stage stage;
  Pipeline pipeline(
      "appsrc name=a is-live=true format=time "
      "caps=audio/x-raw,format=F32LE,rate=16000,channels=1,layout=interleaved ! "
      "npuwhisper name=n latency=1000 output-mode=word language-code=en vad=off ! "
      "fakesink name=s signal-handoffs=true sync=false async=false");
  std::vector<std::string> said;
  const auto note = [](GstElement*, GstBuffer* buffer, GstPad*, gpointer words) {
    std::string text(gst_buffer_get_size(buffer), '\0');
    gst_buffer_extract(buffer, 0, text.data(), text.size());
    static_cast<std::vector<std::string>*>(words)->push_back(text);
  };
  g_signal_connect(pipeline.element("s"), "handoff", G_CALLBACK(+note), &said);
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  Microphone microphone(pipeline.element("a"));
  microphone.speak(1400ms);  // Ends in the middle of the fourth word.
  PatientClock::sleep(1500ms);
  microphone.speak(1000ms);
  GstFlowReturn ended = GST_FLOW_ERROR;
  g_signal_emit_by_name(pipeline.element("a"), "end-of-stream", &ended);
  EXPECT_EQ(ended, GST_FLOW_OK);
  ASSERT_TRUE(pipeline.wait_for_eos());

  std::vector<std::string> wanted;
  for (const ScriptedWord& word : stage.words) {
    if (word.start >= kSampleRate * 24 / 10) break;
    wanted.emplace_back(stage.vocabulary.tokenizer->bytes(word.token).substr(1));
  }
  EXPECT_EQ(said, wanted);
}

}  // namespace
}  // namespace npuwhisper::test
