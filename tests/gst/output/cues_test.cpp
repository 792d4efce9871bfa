// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/output/cues.h"

#include <gtest/gtest.h>

#include <npuwhisper/transcriber.h>

#include <nlohmann/json.hpp>

#include "gst/element/settings.h"
#include "gst/output/segment_json.h"

namespace npuwhisper {
namespace {

Segment make_segment(std::int64_t start, std::int64_t end, std::string text) {
  Segment segment;
  segment.start = start;
  segment.end = end;
  segment.text = std::move(text);
  return segment;
}

GstSegment from(GstClockTime start, GstClockTime stop = GST_CLOCK_TIME_NONE) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = start;
  segment.stop = stop;
  return segment;
}

constexpr CueFormat kPlain{.mode = OutputMode::Segment, .captions = {.style = CaptionStyle::None}};
constexpr CueFormat kWords{.mode = OutputMode::Word, .captions = {}};
constexpr CueFormat kCaptions{.mode = OutputMode::Segment, .captions = {}};

std::vector<Cue> add(CueMaker& maker, const Segment& segment, const CueFormat& format) {
  return maker.add(speech_of(segment, Timeline(), format));
}

TEST(Cues, SegmentIsOneCue) {
  CueMaker maker;
  const auto cues = add(maker, make_segment(16000, 32000, " Hello there. "), kPlain);
  ASSERT_EQ(cues.size(), 1U);
  EXPECT_EQ(cues[0].text, "Hello there.");
  EXPECT_EQ(cues[0].start, GST_SECOND);
  EXPECT_EQ(cues[0].end, 2 * GST_SECOND);
}

// No clock reaches the times below, but a broken file may contain them. Sanitizers detect
// overflows.
TEST(Cues, TimesBeyondAllClocksDoNotOverflow) {
  for (const GstClockTime time : {GstClockTime{1} << 62, GstClockTime{1} << 63,
                                  (GstClockTime{1} << 63) + 1000, GST_CLOCK_TIME_NONE - 1}) {
    for (const CueFormat& format : {kPlain, kWords, kCaptions}) {
      Timeline timeline;
      timeline.restart(time);
      timeline.append(time, 100 * kSampleRate);
      CueMaker maker;
      maker.set_segment(from(time));
      std::vector<Cue> cues;
      for (std::int64_t second = 0; second < 20; ++second) {
        Segment segment = make_segment(second * kSampleRate, (second + 1) * kSampleRate,
                                       " Some words that are said in a second.");
        segment.words = {{.start = segment.start, .end = segment.end, .text = segment.text}};
        const auto add_all = [&](const std::vector<Cue>& more) {
          cues.insert(cues.end(), more.begin(), more.end());
        };
        add_all(maker.add(speech_of(segment, timeline, format)));
        add_all(maker.advance(timeline.time_of(segment.end)));
        add_all(maker.leave(timeline.time_of(segment.start)));
        maker.raise_earliest(timeline.time_of(segment.start));
      }
      for (const Cue& cue : maker.flush()) cues.push_back(cue);
      EXPECT_FALSE(cues.empty());
    }
  }
}

TEST(Cues, WordModeWithoutWordTimesFallsBackToTheSegment) {
  CueMaker maker;
  EXPECT_EQ(add(maker, make_segment(0, 100, "a b"), kWords).size(), 1U);
}

TEST(Cues, ZeroLengthLastsAWhileAndPushesTheNext) {
  CueMaker maker;
  const auto first = add(maker, make_segment(16000, 16000, "a"), kPlain);
  const auto second = add(maker, make_segment(16000, 32000, "b"), kPlain);
  EXPECT_EQ(first[0].end, GST_SECOND + CueMaker::kShortest);
  EXPECT_EQ(second[0].start, first[0].end);
  EXPECT_EQ(maker.earliest(), 2 * GST_SECOND);
}

TEST(Cues, AreClippedToTheSegment) {
  CueMaker maker;
  maker.set_segment(from(GST_SECOND, 2 * GST_SECOND));
  const auto cues = add(maker, make_segment(0, 160000, "a"), kPlain);
  EXPECT_EQ(cues[0].start, GST_SECOND);
  EXPECT_EQ(cues[0].end, 2 * GST_SECOND);
}

TEST(Cues, CaptionsWaitAndGapsWithThem) {
  CueMaker maker;
  maker.set_segment(from(0));
  EXPECT_TRUE(add(maker, make_segment(16000, 32000, " one"), kCaptions).empty());
  EXPECT_EQ(maker.pending(), GST_SECOND);
  EXPECT_TRUE(maker.advance(2 * GST_SECOND).empty());
  EXPECT_TRUE(maker.leave(GST_SECOND - 1).empty());
  const auto cues = maker.leave(GST_SECOND);
  ASSERT_EQ(cues.size(), 1U);
  EXPECT_EQ(cues[0].text, "one");
  EXPECT_FALSE(GST_CLOCK_TIME_IS_VALID(maker.pending()));
  maker.set_segment(from(0));
  EXPECT_EQ(maker.earliest(), 0U);
}

TEST(Cues, NewFormatLeavesNothingBehind) {
  CueMaker maker;
  EXPECT_TRUE(add(maker, make_segment(0, 16000, " one"), kCaptions).empty());
  const auto cues = add(maker, make_segment(16000, 32000, " two"), kPlain);
  ASSERT_EQ(cues.size(), 2U);
  EXPECT_EQ(cues[0].text, "one");
  EXPECT_EQ(cues[1].text, "two");
}

TEST(Cues, SegmentForgetsTextThatWaits) {
  CueMaker maker;
  EXPECT_TRUE(add(maker, make_segment(0, 16000, " one"), kCaptions).empty());
  maker.set_segment(from(0));
  EXPECT_TRUE(maker.flush().empty());
}

TEST(Cues, EscapesWhatMarkupReserves) {
  EXPECT_EQ(escape_markup("a<b>&'\""), "a&lt;b&gt;&amp;&apos;&quot;");
  EXPECT_EQ(escape_markup("plain"), "plain");
}

TEST(SegmentJson, BrokenUtf8IsReplacedNotThrown) {
  Segment segment = make_segment(0, 16000, "ok \xff\xfe");
  const auto object = nlohmann::json::parse(segment_json(segment, Timeline()));
  EXPECT_EQ(object["text"], "ok \uFFFD\uFFFD");
  EXPECT_TRUE(object["words"].is_array());
  EXPECT_TRUE(object["words"].empty());
}

TEST(SegmentJson, NumbersAreShort) {
  Segment segment = make_segment(19840, 56000, " Hello there.");
  segment.average_log_probability = -0.21F;
  segment.language = "en";
  const std::string json = segment_json(segment, Timeline());
  EXPECT_NE(json.find(R"("start":1.24,"end":3.5,)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("avg_logprob":-0.21,)"), std::string::npos) << json;
}

TEST(Settings, LanguageCodes) {
  EXPECT_EQ(whisper_language("en-US"), "en");
  EXPECT_EQ(whisper_language("pt_BR"), "pt");
  EXPECT_EQ(whisper_language("DE"), "de");
  EXPECT_EQ(whisper_language("English"), "en");
  EXPECT_EQ(whisper_language("klingon"), "klingon");
  using Codes = std::vector<std::string>;
  EXPECT_EQ(whisper_languages(""), Codes{});
  EXPECT_EQ(whisper_languages("en-US,German, es,en"), (Codes{"en", "de", "es"}));
  EXPECT_EQ(whisper_languages("en,xx,auto"), (Codes{"en", "xx", "auto"}));
  EXPECT_EQ(whisper_language("auto"), "");
  EXPECT_EQ(whisper_language(""), "");
}

TEST(Settings, CaptionsNeedWordTimes) {
  Settings settings;
  EXPECT_TRUE(settings.transcriber_options().word_times);
  settings.caption_style = CaptionStyle::None;
  EXPECT_FALSE(settings.transcriber_options().word_times);
  settings.output_mode = OutputMode::Word;
  EXPECT_TRUE(settings.transcriber_options().word_times);
  EXPECT_FALSE(settings.cue_format().makes_captions());
}

TEST(Settings, TemperaturesClimbToOne) {
  Settings settings;
  EXPECT_EQ(settings.transcriber_options().temperatures.size(), 6U);
  EXPECT_FLOAT_EQ(settings.transcriber_options().temperatures.back(), 1.0F);
  settings.temperature_increment = 0;
  EXPECT_EQ(settings.transcriber_options().temperatures.size(), 1U);
  settings.temperature_increment = 1e-6F;
  EXPECT_LE(settings.transcriber_options().temperatures.size(), 20U);
}

}  // namespace
}  // namespace npuwhisper
