// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/transcribe/formats.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string_view>

namespace npuwhisper::cli {
namespace {

TimedSegment segment(double start, double end, std::string text,
                     std::vector<TimedWord> words = {}) {
  TimedSegment result;
  result.start = start;
  result.end = end;
  result.text = std::move(text);
  result.words = std::move(words);
  return result;
}

constexpr CueOptions kSegments{.layout = {.style = CaptionStyle::None}, .marks_words = true};

std::string write(Format format, const Transcript& transcript, const CueOptions& cues = kSegments) {
  std::ostringstream out;
  const auto writer = make_writer(format, out, cues);
  for (const TimedSegment& piece : transcript.segments) writer->segment(piece);
  writer->finish(transcript);
  return out.str();
}

std::string write(Format format, std::vector<TimedSegment> segments,
                  const CueOptions& cues = kSegments) {
  Transcript transcript;
  transcript.segments = std::move(segments);
  return write(format, transcript, cues);
}

TEST(Formats, NamesAreReadBack) {
  for (const Format format : {Format::Txt, Format::Srt, Format::Vtt, Format::Ttml, Format::Json}) {
    const auto parsed = parse_format(to_string(format));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, format);
  }
  const auto unknown = parse_format("doc");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "format 'doc' is not one of txt, srt, vtt, ttml, json");
}

TEST(Formats, TxtIsOneTrimmedLineForEachSegmentWithText) {
  EXPECT_EQ(write(Format::Txt,
                  {segment(0, 1, " Hello."), segment(1, 2, " \n"), segment(2, 3, " two\nlines ")}),
            "Hello.\ntwo lines\n");
}

TEST(Formats, SrtNumbersOnlyCuesWithText) {
  EXPECT_EQ(write(Format::Srt, {segment(0, 1.2345, " One."), segment(1.5, 2, ""),
                                segment(3661.0005, 360000, " Two.")}),
            "1\n00:00:00,000 --> 00:00:01,235\nOne.\n\n"
            "2\n01:01:01,001 --> 100:00:00,000\nTwo.\n\n");
}

TEST(Formats, CueNeverEndsWhereItStarts) {
  EXPECT_EQ(write(Format::Srt, {segment(2, 2, "x")}), "1\n00:00:02,000 --> 00:00:02,001\nx\n\n");
  EXPECT_EQ(write(Format::Srt, {segment(-0.5, 1, "x")}), "1\n00:00:00,000 --> 00:00:01,000\nx\n\n");
}

TEST(Formats, VttBeginsWithItsNameAndEscapesText) {
  EXPECT_EQ(write(Format::Vtt, std::vector<TimedSegment>{}), "WEBVTT\n\n");
  EXPECT_EQ(write(Format::Vtt, {segment(0, 1, " a --> b & <i>"), segment(1, 2, " ")}),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na --&gt; b &amp; &lt;i&gt;\n\n");
}

TEST(Formats, VttTimesWordsStrictlyInsideTheCue) {
  const std::vector<TimedWord> words = {{1.0, 1.2, " One", 1},
                                        {1.25, 1.5, " <two>", 1},
                                        {1.25, 1.6, "-three", 1},
                                        {2.0, 2.0, " four.", 1}};
  EXPECT_EQ(write(Format::Vtt, {segment(1, 2, " One <two>-three four.", words)}),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n"
            "One <00:00:01.250>&lt;two&gt;-three four.\n\n");
}

TEST(Formats, VttWordsWithoutSpacesStayTogether) {
  const std::vector<TimedWord> words = {{0, 0.5, "你", 1}, {0.5, 1, "好", 1}};
  EXPECT_EQ(write(Format::Vtt, {segment(0, 1, "你好", words)}),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n你<00:00:00.500>好\n\n");
}

TEST(Formats, CuesAreCaptions) {
  const TimedSegment text =
      segment(1, 5, " When the old man came home, his dog was waiting there.");
  const TimedSegment more = segment(5.25, 6, " It barked.");
  EXPECT_EQ(write(Format::Srt, {text, more}, {}),
            "1\n00:00:01,000 --> 00:00:05,250\n"
            "When the old man came home,\nhis dog was waiting there.\n\n"
            "2\n00:00:05,250 --> 00:00:06,084\nIt barked.\n\n");
  EXPECT_EQ(write(Format::Vtt, {text},
                  {.layout = CaptionLayout::of(CaptionStyle::Broadcast), .marks_words = false}),
            "WEBVTT\n\n00:00:01.000 --> 00:00:05.000\n"
            "When the old man came home,\nhis dog was waiting there.\n\n");
}

TEST(Formats, VttTimesWordsOfCaptions) {
  const std::vector<TimedWord> words = {{1, 2, " One", 1}, {2, 3, " <two>", 1}};
  EXPECT_EQ(
      write(Format::Vtt, {segment(1, 3, " One <two>", words)}, {.layout = {}, .marks_words = true}),
      "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nOne <00:00:02.000>&lt;two&gt;\n\n");
}

/// Returns the lines of `document` that contain `part`.
std::string lines_with(std::string_view part, const std::string& document) {
  std::istringstream in(document);
  std::string lines;
  for (std::string line; std::getline(in, line);) {
    if (line.find(part) != std::string::npos) lines += line + '\n';
  }
  return lines;
}

TEST(Formats, TtmlNumbersCuesAndEscapesText) {
  const std::string document =
      write(Format::Ttml, {segment(0, 1.2345, " a < b & \"c\"\x01\xff."), segment(1.5, 2, ""),
                           segment(3661.0005, 360000, " Two.")});
  EXPECT_EQ(lines_with("<p", document),
            "   <p xml:id=\"c1\" region=\"bottom\" style=\"cue\" begin=\"00:00:00.000\" "
            "end=\"00:00:01.235\"><span style=\"text\">a &lt; b &amp; "
            "&quot;c&quot;\xef\xbf\xbd.</span></p>\n"
            "   <p xml:id=\"c2\" region=\"bottom\" style=\"cue\" begin=\"01:01:01.001\" "
            "end=\"100:00:00.000\"><span style=\"text\">Two.</span></p>\n");
  EXPECT_TRUE(document.ends_with("</p>\n  </div>\n </body>\n</tt>\n"));
}

TEST(Formats, TtmlWritesALineBreakBetweenLines) {
  const TimedSegment text =
      segment(1, 5, " When the old man came home, his dog was waiting there.");
  EXPECT_NE(write(Format::Ttml, {text}, {})
                .find("<span style=\"text\">When the old man came home,</span><br/>"
                      "<span style=\"text\">his dog was waiting there.</span></p>"),
            std::string::npos);
}

TEST(Formats, TtmlWithoutCuesHasNoBody) {
  const std::string document = write(Format::Ttml, {segment(1, 2, " ")});
  EXPECT_NE(document.find("xml:lang=\"\""), std::string::npos);
  EXPECT_EQ(document.find("<body"), std::string::npos);
  EXPECT_TRUE(document.ends_with(" </head>\n</tt>\n"));
}

TEST(Formats, TtmlStatesTheLanguageOfTheText) {
  TimedSegment text = segment(1, 2, " Guten Tag.");
  text.language = "de";
  EXPECT_NE(write(Format::Ttml, {text}).find("xml:lang=\"de\""), std::string::npos);
  CueOptions translated = kSegments;
  translated.language = "en";
  EXPECT_NE(write(Format::Ttml, {text}, translated).find("xml:lang=\"en\""), std::string::npos);
}

TEST(Formats, UpperCaseFollowsTheLanguageOfTheText) {
  TimedSegment text = segment(1, 2, " in it");
  text.language = "tr";
  CueOptions cues = kSegments;
  cues.layout.upper_case = true;
  EXPECT_EQ(lines_with("N", write(Format::Srt, {text}, cues)), "İN İT\n");
  cues.language = "en";
  EXPECT_EQ(lines_with("N", write(Format::Srt, {text}, cues)), "IN IT\n");
}

TEST(Formats, JsonIsOneLineWithEveryField) {
  Transcript transcript;
  transcript.file = "bad\xff.wav";
  transcript.language = "en";
  transcript.audio_seconds = 2.5;
  transcript.wall_seconds = 0.125;
  transcript.device = "cpu";
  transcript.stats = {{"windows", 1}};
  transcript.segments = {segment(0.5, 1, " Hi\n", {{0.5, 0.75, " Hi", 0.875}}),
                         segment(1, 2.5, " there.")};
  transcript.segments[0].tokens = {50364, 2421, 50389};
  const std::string text = write(Format::Json, transcript);
  ASSERT_EQ(text.find('\n'), text.size() - 1);
  const auto object = nlohmann::json::parse(text);
  EXPECT_EQ(object.at("file"), "bad\xef\xbf\xbd.wav");  // U+FFFD
  EXPECT_EQ(object.at("language"), "en");
  EXPECT_EQ(object.at("text"), "Hi  there.");
  EXPECT_EQ(object.at("audio_seconds"), 2.5);
  EXPECT_EQ(object.at("wall_seconds"), 0.125);
  EXPECT_EQ(object.at("device"), "cpu");
  EXPECT_EQ(object.at("stats").at("windows"), 1);
  EXPECT_FALSE(object.contains("error"));
  ASSERT_EQ(object.at("segments").size(), 2U);
  const auto& first = object.at("segments")[0];
  EXPECT_EQ(first.at("start"), 0.5);
  EXPECT_EQ(first.at("end"), 1);
  EXPECT_EQ(first.at("text"), " Hi\n");
  EXPECT_EQ(first.at("tokens"), nlohmann::json({50364, 2421, 50389}));
  EXPECT_EQ(first.at("words"), nlohmann::json::parse(R"([
      {"start": 0.5, "end": 0.75, "word": " Hi", "probability": 0.875}])"));
  EXPECT_EQ(object.at("segments")[1].at("words"), nlohmann::json::array());
}

TEST(Formats, FileNamesAskForAFormatByTheirEnding) {
  EXPECT_EQ(format_of_file("a.txt"), Format::Txt);
  EXPECT_EQ(format_of_file("b.txt/a.srt"), Format::Srt);
  EXPECT_EQ(format_of_file("A.VTT"), Format::Vtt);
  EXPECT_EQ(format_of_file("a.ttml"), Format::Ttml);
  EXPECT_EQ(format_of_file("a.json"), Format::Json);
  EXPECT_EQ(format_of_file("a.jsonl"), Format::Json);
  for (const char* name : {"", "-", "srt", ".srt", "a.doc", "a.srt/b", "a.srt/"}) {
    EXPECT_EQ(format_of_file(name), std::nullopt) << name;
  }
}

TEST(Formats, JsonTellsTheErrorOfAFileThatFailed) {
  Transcript transcript;
  transcript.error = Error{ErrorCode::Unavailable, "broken"};
  EXPECT_EQ(nlohmann::json::parse(write(Format::Json, transcript)).at("error"), "broken");
}

}  // namespace
}  // namespace npuwhisper::cli
