// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/transcribe/transcript.h"

#include <gtest/gtest.h>

namespace npuwhisper::cli {
namespace {

constexpr const char* kSegment = R"({"type": "segment", "final": true, "language": "en",
    "start": 1.24, "end": 3.5, "text": " Hello there.", "tokens": [50364, 2425, 456, 13],
    "avg_logprob": -0.21, "no_speech_prob": 0.01, "temperature": 0.2, "compression_ratio": 1.1,
    "words": [{"start": 1.24, "end": 1.5, "word": " Hello", "probability": 0.97},
              {"start": 1.5, "end": 3.5, "word": " there.", "probability": 0.5}]})";

TEST(ParseSegment, ReadsEveryField) {
  const auto segment = parse_segment(kSegment);
  ASSERT_TRUE(segment) << segment.error().message;
  EXPECT_EQ(segment->start, 1.24);
  EXPECT_EQ(segment->end, 3.5);
  EXPECT_EQ(segment->text, " Hello there.");
  EXPECT_EQ(segment->language, "en");
  EXPECT_EQ(segment->tokens, (std::vector<Token>{50364, 2425, 456, 13}));
  EXPECT_EQ(segment->average_log_probability, -0.21);
  EXPECT_EQ(segment->no_speech_probability, 0.01);
  EXPECT_EQ(segment->temperature, 0.2);
  EXPECT_EQ(segment->compression_ratio, 1.1);
  ASSERT_EQ(segment->words.size(), 2U);
  EXPECT_EQ(segment->words[1].start, 1.5);
  EXPECT_EQ(segment->words[1].end, 3.5);
  EXPECT_EQ(segment->words[1].text, " there.");
  EXPECT_EQ(segment->words[1].probability, 0.5);
}

TEST(ParseSegment, RefusesWhatIsNoSegment) {
  for (const char* text : {"", "{", "[]", "{}", R"({"start": "x"})"}) {
    const auto segment = parse_segment(text);
    ASSERT_FALSE(segment) << text;
    EXPECT_EQ(segment.error().code, ErrorCode::InvalidArgument);
  }
}

}  // namespace
}  // namespace npuwhisper::cli
