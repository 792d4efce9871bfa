// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of the element's captions: caption-style and related properties, offline and live.
#include <gmock/gmock.h>
#include <npuwhisper/captions.h>

#include <algorithm>

#include "element_fixture.h"
#include "tests/gst/support/patient_clock.h"
#include "tests/gst/support/pipeline_fixture.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Captions : public ElementTest {
 protected:
  void make_with(const char* style) {
    make();
    captions_ = true;
    gst_util_set_object_arg(G_OBJECT(element_), "caption-style", style);
  }
};

TEST_F(Captions, SubtitleIsTheDefault) {
  gint style = -1;
  g_object_get(make(), "caption-style", &style, nullptr);
  EXPECT_EQ(style, static_cast<gint>(CaptionStyle::Subtitle));
}

TEST_F(Captions, LongTextHasTwoLines) {
  set_script({.texts = {" When the old man came home, his dog was waiting there."}});
  make_with("subtitle");
  play();
  push(tones(5, {{0.5, 4.0}}), 0);
  finish();
  EXPECT_THAT(out_->texts(),
              ElementsAre("When the old man came home,\nhis dog was waiting there."));
  EXPECT_EQ(out_->buffers()[0].start, seconds(0.5));
  EXPECT_TRUE(calls().last_options.word_times);
}

TEST_F(Captions, ColumnsAndLinesCanBeSet) {
  set_script({.texts = {" When the old man came home, his dog was waiting there."}});
  make_with("broadcast");
  g_object_set(element_, "caption-columns", 20, "caption-lines", 3, nullptr);
  play();
  push(tones(5, {{0.5, 4.0}}), 0);
  finish();
  EXPECT_THAT(out_->texts(),
              ElementsAre("When the old man\ncame home, his dog\nwas waiting there."));
}

TEST_F(Captions, UpperCaseCanBeSet) {
  set_script({.texts = {" When the old man came home, his dog was waiting there."}});
  make_with("subtitle");
  g_object_set(element_, "upper-case", TRUE, nullptr);
  play();
  push(tones(5, {{0.5, 4.0}}), 0);
  finish();
  EXPECT_THAT(out_->texts(),
              ElementsAre("WHEN THE OLD MAN CAME HOME,\nHIS DOG WAS WAITING THERE."));
}

TEST_F(Captions, ShortSegmentsShareOne) {
  set_script({.texts = {" and", " then", " he went."}});
  make_with("subtitle");
  play();
  push(tones(3, {{0.2, 0.5}, {0.8, 1.1}, {1.4, 1.9}}), 0);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("and then he went."));
  EXPECT_EQ(out_->buffers()[0].start, seconds(0.2));
  EXPECT_EQ(out_->buffers()[0].end, seconds(1.9));
}

TEST_F(Captions, LongSegmentIsSplitByItsWords) {
  set_script({.texts = {" The family of Dashwood had long been settled in Sussex, their estate was "
                        "large, and their residence was at Norland Park."}});
  make_with("subtitle");
  play();
  push(tones(10, {{1.0, 9.0}}), 0);
  finish();
  const auto cues = out_->buffers();
  ASSERT_EQ(cues.size(), 2U);
  EXPECT_EQ(cues[0].end, cues[1].start);
  EXPECT_EQ(cues[1].end, seconds(9));
}

TEST_F(Captions, DiscontIsOfTheFirstCueBehindIt) {
  set_script({.texts = {" one", " two"}});
  make_with("subtitle");
  play();
  push(tones(1, {{0.2, 0.5}}), 0);
  push(tones(1, {{0.2, 0.5}}), seconds(1.5), true);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("one", "two"));
  EXPECT_TRUE(out_->buffers()[0].discont);
  EXPECT_TRUE(out_->buffers()[1].discont);
}

TEST_F(Captions, FlushForgetsTheOneThatWaits) {
  set_script({.texts = {" one", " two"}, .window = kSampleRate});
  make_with("subtitle");
  play();
  push(tones(1.2, {{0.2, 0.5}}), 0);
  while (stat("samples") < 19200) g_usleep(1000);
  ASSERT_TRUE(push_event(gst_event_new_flush_start()));
  ASSERT_TRUE(push_event(gst_event_new_flush_stop(TRUE)));
  push_segment(0);
  push(tones(1, {{0.2, 0.5}}), 0);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("two"));
}

TEST_F(Captions, StyleMayChangeWhilePlaying) {
  set_script({.texts = {" one"}, .window = kSampleRate});
  make_with("subtitle");
  play();
  push(tones(1, {{0.2, 0.5}}), 0);
  while (stat("samples") < kSampleRate) g_usleep(1000);
  gst_util_set_object_arg(G_OBJECT(element_), "caption-style", "none");
  push(tones(2, {{0.2, 0.4}, {0.6, 0.8}}), seconds(1));
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("one", "one", "one"))
      << "the last two are no longer joined";
}

TEST_F(Captions, BuildUpRepeatsWhatStands) {
  set_script({.texts = {" one two three"}});
  make_with("build-up");
  play();
  push(tones(2, {{0.2, 1.4}}), 0);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("one", "one two", "one two three", "one two three"));
}

TEST_F(Captions, BuildUpBehindADiscontinuityIsOnTime) {
  set_script({.texts = {" one", " two"}});
  make_with("build-up");
  play();
  push(tones(1, {{0.2, 0.5}}), 0);
  push(tones(1, {{0.2, 0.5}}), seconds(1.5), true);
  finish();
  const auto cues = out_->buffers();
  const auto two = std::ranges::find(cues, "two", [](const auto& cue) { return cue.text; });
  ASSERT_NE(two, cues.end());
  EXPECT_EQ(two->start, seconds(1.7)) << "what stood is gone";
}

TEST_F(Captions, LinesAreKeptInMarkup) {
  set_script({.texts = {" When the old man & wife came home, a dog was waiting there."}});
  make_with("subtitle");
  play();
  gst_harness_set_sink_caps_str(harness_, "text/x-raw, format = pango-markup");
  push(tones(5, {{0.5, 4.0}}), 0);
  finish();
  EXPECT_THAT(out_->texts(),
              ElementsAre("When the old man &amp; wife came home,\na dog was waiting there."));
}

// Words follow one another without pauses, so that only the clock ends a caption. Each caption must
// leave within the latency of its first word. Text or GAPs must still cover all times, because
// downstream elements may wait for text.
TEST(LiveCaptions, LeaveWithinTheLatency) {
  const PatientClock clock;
  set_script({.texts = {" sound"}, .decode_time = 20ms, .now = PatientClock::now});
  Pipeline pipeline(
      "audiotestsrc is-live=true wave=ticks tick-interval=250000000 samplesperbuffer=160 "
      "num-buffers=500 ! audio/x-raw,rate=16000,channels=1 ! npuwhisper name=n latency=1500 ! "
      "fakesink sync=true");
  Recorder out(pipeline.element("n"));
  ASSERT_TRUE(pipeline.run());
  guint delay = 0;
  g_object_get(pipeline.element("n"), "max-observed-delay", &delay, nullptr);
  EXPECT_LE(delay, 1500U);
  EXPECT_GE(delay, 500U) << "captions use the time they have: of their first word, not the last";
  EXPECT_EQ(out.complaint(), "");
  std::string text;
  for (const std::string& cue : out.texts()) text += cue + ' ';
  EXPECT_THAT(out.texts(), ::testing::Contains(HasSubstr("sound sound sound")));
  EXPECT_GE(std::count(text.begin(), text.end(), 's'), 18) << text;
  EXPECT_FALSE(pipeline.message(GST_MESSAGE_WARNING, 0ms));
}

}  // namespace
}  // namespace npuwhisper::test
