// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/server/answers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace npuwhisper::server {
namespace {

using Json = nlohmann::json;

cli::TimedSegment segment(double start, double end, const std::string& text) {
  return {.start = start,
          .end = end,
          .text = text,
          .language = "de",
          .tokens = {50364, 7},
          .words = {{.start = start, .end = end, .text = text, .probability = 0.5}},
          .average_log_probability = -0.25,
          .no_speech_probability = 0.125,
          .temperature = 0.2,
          .compression_ratio = 1.5};
}

cli::Transcript transcript() {
  cli::Transcript result;
  result.language = "de";
  result.audio_seconds = 12.25;
  result.segments = {segment(1, 2.5, " Guten Tag."), segment(3, 4, " Bis <bald>.")};
  return result;
}

AudioRequest request(AnswerFormat format) {
  AudioRequest result;
  result.format = format;
  return result;
}

TEST(AnswersTest, JsonHasTheText) {
  const Answer answer = make_answer(request(AnswerFormat::Json), transcript());
  EXPECT_STREQ(answer.type, "application/json");
  const auto json = Json::parse(answer.body);
  EXPECT_EQ(json["text"], "Guten Tag. Bis <bald>.");
  EXPECT_EQ(json["usage"], Json({{"type", "duration"}, {"seconds", 13}}));
}

TEST(AnswersTest, VerboseJsonHasAllFields) {
  AudioRequest verbose = request(AnswerFormat::VerboseJson);
  verbose.has_words = true;
  verbose.options.task = Task::Translate;
  const auto json = Json::parse(make_answer(verbose, transcript()).body);
  EXPECT_EQ(json["task"], "translate");
  EXPECT_EQ(json["language"], "german");
  EXPECT_EQ(json["duration"], 12.25);
  const Json second = {{"id", 1},
                       {"seek", 300},
                       {"start", 3.0},
                       {"end", 4.0},
                       {"text", " Bis <bald>."},
                       {"tokens", {50364, 7}},
                       {"temperature", 0.2},
                       {"avg_logprob", -0.25},
                       {"compression_ratio", 1.5},
                       {"no_speech_prob", 0.125}};
  ASSERT_EQ(json["segments"].size(), 2U);
  EXPECT_EQ(json["segments"][1], second);
  const Json word = {{"word", "Guten Tag."}, {"start", 1.0}, {"end", 2.5}, {"probability", 0.5}};
  EXPECT_EQ(json["words"][0], word);
}

TEST(AnswersTest, VerboseJsonLeavesOutPartsThatWereNotRequested) {
  AudioRequest verbose = request(AnswerFormat::VerboseJson);
  verbose.has_segments = false;
  const auto json = Json::parse(make_answer(verbose, transcript()).body);
  EXPECT_FALSE(json.contains("segments"));
  EXPECT_FALSE(json.contains("words"));
}

TEST(AnswersTest, TextAndCaptionsAreThoseOfTheCommandLine) {
  EXPECT_EQ(make_answer(request(AnswerFormat::Text), transcript()).body,
            "Guten Tag.\nBis <bald>.\n");
  const std::string srt = make_answer(request(AnswerFormat::Srt), transcript()).body;
  EXPECT_TRUE(srt.starts_with("1\n00:00:01,000 --> ")) << srt;
  const std::string vtt = make_answer(request(AnswerFormat::Vtt), transcript()).body;
  EXPECT_TRUE(vtt.starts_with("WEBVTT\n\n00:00:01.000 --> ")) << vtt;
  EXPECT_NE(vtt.find("&lt;bald&gt;"), std::string::npos) << vtt;
}

TEST(AnswersTest, DeltasJoinToTheWholeText) {
  TextEvents events;
  const std::string first = events.delta(segment(0, 1, " Say \"a\"."));
  EXPECT_EQ(first,
            "event: transcript.text.delta\n"
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Say \\\"a\\\".\"}\n\n");
  EXPECT_EQ(events.delta(segment(1, 2, "")), "");
  EXPECT_NE(events.delta(segment(1, 2, " Yes.")).find("\"delta\":\" Yes.\""), std::string::npos);
  EXPECT_EQ(events.done(),
            "event: transcript.text.done\n"
            "data: {\"type\":\"transcript.text.done\",\"text\":\"Say \\\"a\\\". Yes.\"}\n\n");
}

TEST(AnswersTest, ErrorsHaveTheFormOfOpenAI) {
  const ApiError missing{.status = 404, .message = "m\xff", .param = "model", .code = "c"};
  const Json error = {{"message", "m\xEF\xBF\xBD"},
                      {"type", "invalid_request_error"},
                      {"param", "model"},
                      {"code", "c"}};
  EXPECT_EQ(Json::parse(missing.json())["error"], error);
  const ApiError busy = api_error_of({ErrorCode::Unavailable, "busy"});
  EXPECT_EQ(busy.status, 503U);
  EXPECT_EQ(Json::parse(busy.json())["error"]["type"], "server_error");
  EXPECT_TRUE(Json::parse(busy.json())["error"]["param"].is_null());
  EXPECT_EQ(api_error_of({ErrorCode::InvalidArgument, ""}).status, 400U);
  EXPECT_EQ(api_error_of({ErrorCode::DeviceError, ""}).status, 500U);
  EXPECT_TRUE(error_event(busy).starts_with("event: error\ndata: {\"error\":{"));
}

}  // namespace
}  // namespace npuwhisper::server
