// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of defects that users and bins encounter in other Whisper elements for GStreamer. Each test
// covers one defect. The defects were found in whispertranscriber of gst-plugins-rs, by reading its
// source or by trial. Three defects are tested with the runtime instead: words repeated at the
// edges of windows (LiveTranscriberTest.WordsLeaveSoonAndInTime,
// WhateverIsMisheardWordsAreInTimeAndInOrder), tokens that split a UTF-8 character
// (WordPiecesTest.NeverSplitsACharacter, Tokenizer.DecodeIsAlwaysValidUtf8), and text for silence
// (Speech.SilenceGivesNoText).
#include <gmock/gmock.h>

#include <semaphore>

#include "element_fixture.h"
#include "tests/gst/support/pipeline_fixture.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

class TranscriberDefects : public ElementTest {};

// Some transcribers send neither text nor EOS after the seek.
TEST(TranscriberDefectsPipeline, AFlushingSeekGivesTextFromThereAndThenEos) {
  set_script({.window = kSampleRate});
  Pipeline pipeline(
      "audiotestsrc wave=ticks ! audio/x-raw,rate=16000,channels=1 ! "
      "npuwhisper name=n caption-style=none  n.src ! fakesink name=s sync=false  n.unsynced_src ! "
      "fakesink");
  Recorder out(pipeline.element("n"));
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
  ASSERT_TRUE(gst_element_seek(pipeline.get(), 1.0, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET,
                               seconds(10), GST_SEEK_TYPE_SET, seconds(15)));
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED)) << "preroll after the seek";
  EXPECT_EQ(out.events(GST_EVENT_FLUSH_START).size(), 1U) << "two sinks, but one seek";
  EXPECT_EQ(out.events(GST_EVENT_SEGMENT).back().start, seconds(10));
  ASSERT_TRUE(pipeline.run());
  const auto cues = out.buffers();
  ASSERT_GE(cues.size(), 4U) << "a tick each second";
  EXPECT_GE(cues.back().start, seconds(13));
  EXPECT_LE(cues.back().end, seconds(15));
  EXPECT_EQ(out.complaint(), "");
}

// Some transcribers post no error, and the pipeline waits forever.
TEST_F(TranscriberDefects, AMissingModelIsAnErrorAndNothingHangs) {
  std::binary_semaphore may_fail(0);
  set_script({.while_loading = [&] { may_fail.acquire(); },
              .load_time = 50ms,
              .load_error = Error{ErrorCode::NotFound, "model 'nope': not found in ..."}});
  make();
  g_object_set(element_, "model", "nope", nullptr);
  play();  // The element must play before the load fails, because a failed element does not start.
  may_fail.release();
  const auto begin = Clock::now();
  EXPECT_EQ(push(tones(60, {}), 0), GST_FLOW_ERROR) << "a full queue must not wait for ever";
  EXPECT_LT(elapsed(begin), kAtOnce);
  const auto posted = message(GST_MESSAGE_ERROR);
  ASSERT_TRUE(posted);
  GError* error = nullptr;
  gst_message_parse_error(posted.get(), &error, nullptr);
  EXPECT_TRUE(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND));
  EXPECT_THAT(error->message, HasSubstr("model 'nope'"));
  g_error_free(error);
  EXPECT_FALSE(message(GST_MESSAGE_ERROR, 50ms)) << "once is enough";
  // After the ERROR, each start fails immediately until the element returns to NULL.
  gst_element_set_state(element_, GST_STATE_READY);
  EXPECT_EQ(gst_element_set_state(element_, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
}

// Some transcribers send the text "[BLANK_AUDIO]" for silence.
TEST_F(TranscriberDefects, SilenceGivesGapsAndNoText) {
  set_script({.window = kSampleRate});
  play();
  push(tones(5, {}), 0);
  finish();
  EXPECT_TRUE(out_->buffers().empty());
  const auto gaps = out_->events(GST_EVENT_GAP);
  ASSERT_FALSE(gaps.empty());
  EXPECT_EQ(gaps.front().start, 0U);
  EXPECT_EQ(gaps.back().end, seconds(5));
}

// Some transcribers send cues that overlap.
TEST_F(TranscriberDefects, OverlappingWordTimesDoNotOverlapInCues) {
  set_script({.texts = {" a b c d"}, .overlapping_words = true});
  make();
  g_object_set(element_, "output-mode", 1, nullptr);
  play();
  push(tones(2, {{0.1, 0.3}, {0.5, 0.7}}), 0);
  finish();
  EXPECT_EQ(out_->buffers().size(), 8U);  // complaint() checks the buffers' times.
}

// Some transcribers drop words without a leading space, including all Chinese and Japanese
// text.
TEST_F(TranscriberDefects, WordsWithoutSpacesAreKept) {
  set_script({.texts = {"你好世界"}});
  make();
  g_object_set(element_, "output-mode", 1, nullptr);
  play();
  push(tones(2, {{0.5, 1.0}}), 0);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("你好世界"));
}

// Some transcribers never synchronise their times again after a jump of the timestamps.
TEST_F(TranscriberDefects, ATimestampJumpResyncs) {
  set_script({.texts = {" one", " two"}});
  play();
  push(tones(2, {{0.5, 1.0}}), 0);
  push(tones(2, {{0.5, 1.0}}), seconds(10), true);
  finish();
  const auto cues = out_->buffers();
  ASSERT_EQ(cues.size(), 2U);
  EXPECT_EQ(cues[0].start, seconds(0.5));
  EXPECT_EQ(cues[1].start, seconds(10.5));
  EXPECT_TRUE(cues[1].discont);
  EXPECT_EQ(calls().drains, 2);
}

// Some transcribers lack the property "language-code".
TEST_F(TranscriberDefects, LanguageCodesAreThoseOfBins) {
  set_script({});
  make();
  g_object_set(element_, "language-code", "pt-BR", nullptr);
  play();
  push(tones(1, {{0.2, 0.5}}), 0);
  finish();
  EXPECT_EQ(calls().last_options.language, "pt") << "Whisper knows no regions";
  ASSERT_FALSE(out_->events(GST_EVENT_TAG).empty());
  EXPECT_THAT(out_->events(GST_EVENT_TAG).back().text, HasSubstr("language-code=(string)pt"));
}

// Some transcribers accept only F32.
class TranscriberDefectsFormat : public ElementTest,
                                 public ::testing::WithParamInterface<const char*> {};

TEST_P(TranscriberDefectsFormat, TextHasTheTimesOfItsSound) {
  set_script({.texts = {" one", " two"}});
  play(GetParam());
  ASSERT_EQ(push(tones(3, {{1.0, 1.5}, {2.0, 2.25}}), 0), GST_FLOW_OK);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("one", "two"));
  const auto cues = out_->buffers();
  EXPECT_EQ(cues[0].start, seconds(1.0));
  EXPECT_EQ(cues[0].end, seconds(1.5));
  EXPECT_EQ(cues[1].start, seconds(2.0));
  EXPECT_EQ(cues[1].end, seconds(2.25));
  EXPECT_EQ(stat("cues"), 2U);
  EXPECT_EQ(stat("samples"), 3U * kSampleRate);
}
INSTANTIATE_TEST_SUITE_P(Both, TranscriberDefectsFormat, ::testing::Values("F32LE", "S16LE"));

}  // namespace
}  // namespace npuwhisper::test
