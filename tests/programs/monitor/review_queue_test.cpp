// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/monitor/review_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace npuwhisper::monitor {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

constexpr ReviewQueue::Clock::time_point kStart{};

std::string piece(const std::string& text, const std::string& words = "[]") {
  return R"({"text":")" + text + R"(","start":1.0,"end":3.0,"language":"en","words":)" + words +
         "}";
}

std::vector<std::string> texts(const std::vector<ReviewQueue::Piece>& pieces) {
  std::vector<std::string> all;
  for (const auto& one : pieces) all.push_back(Json::parse(one.json).at("text"));
  return all;
}

using Texts = std::vector<std::string>;

TEST(ReviewQueue, HoldsPiecesForAFixedTime) {
  ReviewQueue queue(3000ms, 10);
  EXPECT_EQ(queue.add(piece(" a"), kStart), 1U);
  EXPECT_EQ(queue.add(piece(" b"), kStart + 1s), 2U);
  EXPECT_TRUE(queue.take_due(kStart + 2999ms).empty());
  EXPECT_EQ(texts(queue.take_due(kStart + 3000ms)), Texts{" a"});
  EXPECT_EQ(texts(queue.take_due(kStart + 9s)), Texts{" b"});
  EXPECT_EQ(queue.add(piece(" c"), kStart), 3U);
  EXPECT_EQ(texts(queue.take_all()), Texts{" c"});
}

TEST(ReviewQueue, ACorrectionGoesOutInstead) {
  ReviewQueue queue(3000ms, 10);
  queue.add(piece(" wrong text"), kStart);
  queue.add(piece("next"), kStart);
  ASSERT_TRUE(queue.correct(1, " first\t try "));
  ASSERT_TRUE(queue.correct(1, "right \"text\""));
  ASSERT_TRUE(queue.correct(2, "then"));
  const auto out = queue.take_all();
  EXPECT_EQ(texts(out), (Texts{" right \"text\"", "then"})) << "with the space of the original";
  EXPECT_EQ(Json::parse(out[0].json).at("corrected"), true);
  EXPECT_EQ(Json::parse(out[0].json).at("language"), "en");
  EXPECT_TRUE(Json::parse(out[0].json).at("words").empty());
  EXPECT_FALSE(out[0].is_withheld);
}

TEST(ReviewQueue, WordsOfACorrectionHaveTimes) {
  const std::string words =
      R"([{"text":" ab","start":1.0,"end":1.5},{"text":" cd","start":2.0,"end":3.0}])";
  ReviewQueue queue(1s, 10);
  queue.add(piece(" ab cd", words), kStart);
  queue.add(piece(" ab cd", words), kStart);
  ASSERT_TRUE(queue.correct(1, "x yz"));
  ASSERT_TRUE(queue.correct(2, "x yz a"));
  const auto out = queue.take_all();
  EXPECT_EQ(Json::parse(out[0].json).at("words").dump(),
            R"([{"text":" x","start":1.0,"end":1.5},{"text":" yz","start":2.0,"end":3.0}])");
  EXPECT_EQ(Json::parse(out[1].json).at("words").dump(),
            R"([{"text":" x","start":1.0,"end":1.5},{"text":" yz","start":1.5,"end":2.5},)"
            R"({"text":" a","start":2.5,"end":3.0}])");
}

TEST(ReviewQueue, AnEmptyCorrectionWithholdsAPiece) {
  ReviewQueue queue(1s, 10);
  queue.add(piece(" secret"), kStart);
  ASSERT_TRUE(queue.correct(1, "  "));
  const auto out = queue.take_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_TRUE(out[0].is_withheld);
  EXPECT_EQ(out[0].json.find("secret"), std::string::npos);
}

TEST(ReviewQueue, AWithheldPieceMayBeRestored) {
  const std::string words =
      R"([{"text":" ab","start":1.0,"end":1.5},{"text":" cd","start":2.0,"end":3.0}])";
  ReviewQueue queue(1s, 10);
  queue.add(piece(" ab cd", words), kStart);
  ASSERT_TRUE(queue.correct(1, ""));
  ASSERT_TRUE(queue.correct(1, "x y z"));
  ASSERT_TRUE(queue.correct(1, "ab yz"));
  const auto out = queue.take_all();
  ASSERT_EQ(texts(out), Texts{" ab yz"});
  EXPECT_FALSE(out[0].is_withheld);
  EXPECT_EQ(Json::parse(out[0].json).at("words").dump(),
            R"([{"text":" ab","start":1.0,"end":1.5},{"text":" yz","start":2.0,"end":3.0}])");
}

TEST(ReviewQueue, RefusesCorrectionsThatCannotGoOut) {
  ReviewQueue queue(1s, 10);
  queue.add(piece(" a"), kStart);
  queue.take_all();
  EXPECT_EQ(queue.correct(1, "b").error().code, ErrorCode::NotFound);
  EXPECT_EQ(queue.correct(1, "b").error().message, "piece 1 has gone out");
  EXPECT_EQ(queue.correct(2, "b").error().message, "piece 2 does not exist");
  EXPECT_EQ(queue.correct(0, "b").error().code, ErrorCode::NotFound);
  queue.add(piece(" c"), kStart);
  EXPECT_EQ(queue.correct(2, "b\x1b[31m").error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(queue.correct(2, std::string(ReviewQueue::kMaxText + 1, 'x')).error().code,
            ErrorCode::InvalidArgument);
  EXPECT_EQ(texts(queue.take_all()), Texts{" c"});
}

TEST(ReviewQueue, TheOldestPiecesGoOutIfTooManyAreHeld) {
  ReviewQueue queue(1h, 2);
  for (const char* text : {"a", "b", "c"}) queue.add(piece(text), kStart);
  EXPECT_EQ(texts(queue.take_due(kStart)), Texts{"a"});
  EXPECT_TRUE(queue.take_due(kStart).empty());
}

}  // namespace
}  // namespace npuwhisper::monitor
