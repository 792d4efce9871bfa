// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/chinese_transcriber.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace npuwhisper {
namespace {

/// Returns the segments that a test provides, one vector per call.
class Source final : public Transcriber {
 public:
  Result<std::vector<Segment>> push(std::span<const float>) override { return next(); }
  Result<std::vector<Segment>> push(std::span<const std::int16_t>) override { return next(); }
  Result<std::vector<Segment>> settle() override { return next(); }
  Result<std::vector<Segment>> drain() override { return next(); }
  void reset() override {}
  void cancel() override {}
  std::int64_t position() const override { return 7; }
  std::vector<Word> draft() const override { return words; }
  const std::string& language() const override { return code; }
  TranscriberStats stats() const override { return {}; }

  std::deque<std::vector<Segment>> results;
  std::vector<Word> words;
  std::string code = "zh";

 private:
  Result<std::vector<Segment>> next() {
    if (results.empty()) return fail(ErrorCode::Cancelled, "nothing left");
    auto segments = std::move(results.front());
    results.pop_front();
    return segments;
  }
};

Segment make_segment(const std::vector<std::string>& words, const std::string& language = "zh") {
  Segment segment;
  segment.language = language;
  for (const std::string& text : words) {
    segment.text += text;
    segment.words.push_back({.start = 1, .end = 2, .text = text, .probability = 0.5F});
  }
  return segment;
}

class ChineseTranscriberTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto converter = ChineseConverter::create(ChineseScript::Traditional);
    ASSERT_TRUE(converter) << converter.error().message;
    auto source = std::make_unique<Source>();
    source_ = source.get();
    transcriber_ = std::make_unique<ChineseTranscriber>(std::move(source), std::move(*converter));
  }
  static std::vector<std::string> texts_of(const std::vector<Word>& words) {
    std::vector<std::string> texts;
    for (const Word& word : words) texts.push_back(word.text);
    return texts;
  }

  Source* source_ = nullptr;  // Owned by the transcriber.
  std::unique_ptr<ChineseTranscriber> transcriber_;
};

using Texts = std::vector<std::string>;

TEST_F(ChineseTranscriberTest, ConvertsTextAndWordsAlike) {
  source_->results = {{make_segment({"头", "发", "和", "发展"})}};
  const auto heard = transcriber_->drain();
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->front().text, "頭髮和發展");
  EXPECT_EQ(texts_of(heard->front().words), (Texts{"頭", "髮", "和", "發展"}));
  EXPECT_EQ(heard->front().words[1].start, 1);
}

TEST_F(ChineseTranscriberTest, ConvertsTextWithoutWords) {
  Segment segment = make_segment({});
  segment.text = "头发";
  source_->results = {{segment}};
  EXPECT_EQ(transcriber_->drain()->front().text, "頭髮");
}

TEST_F(ChineseTranscriberTest, WordsThatComeOneByOneAreOneText) {
  source_->results = {{make_segment({"头"})}, {make_segment({"发"})}, {make_segment({"发"})}};
  source_->words = {{.text = "发"}};
  const std::vector<float> pcm(1);
  EXPECT_EQ(transcriber_->push(pcm)->front().text, "頭");
  EXPECT_EQ(texts_of(transcriber_->draft()), Texts{"髮"}) << "a draft follows the final text";
  EXPECT_EQ(transcriber_->settle()->front().text, "髮");
  transcriber_->reset();
  EXPECT_EQ(transcriber_->push(pcm)->front().text, "發") << "no text from before the reset";
}

TEST_F(ChineseTranscriberTest, LeavesOtherLanguagesAsTheyAre) {
  source_->code = "ja";
  source_->words = {{.text = "発"}, {.text = "国"}};
  source_->results = {{make_segment({"国"}, "ja"), make_segment({"国"}, "yue")}};
  EXPECT_EQ(texts_of(transcriber_->draft()), (Texts{"発", "国"}));
  const auto heard = transcriber_->drain();
  ASSERT_TRUE(heard);
  EXPECT_EQ((*heard)[0].text, "国");
  EXPECT_EQ((*heard)[1].text, "國") << "Cantonese is Chinese, too";
}

TEST_F(ChineseTranscriberTest, PassesErrorsOn) {
  EXPECT_EQ(transcriber_->drain().error().code, ErrorCode::Cancelled);
  EXPECT_EQ(transcriber_->position(), 7);
  EXPECT_EQ(transcriber_->language(), "zh");
}

}  // namespace
}  // namespace npuwhisper
