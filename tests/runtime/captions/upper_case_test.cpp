// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <npuwhisper/captions.h>

#include <string>
#include <vector>

namespace npuwhisper {
namespace {

using namespace std::chrono_literals;

TEST(UpperCase, KnowsMoreThanAscii) {
  EXPECT_EQ(upper_case("", "en"), "");
  EXPECT_EQ(upper_case(" Don't 1a!", "en"), " DON'T 1A!");
  EXPECT_EQ(upper_case("schöne straße", "de"), "SCHÖNE STRASSE");
  EXPECT_EQ(upper_case("Привет, où?", ""), "ПРИВЕТ, OÙ?");
  EXPECT_EQ(upper_case("你好", "zh"), "你好");
}

TEST(UpperCase, FollowsTheLanguage) {
  EXPECT_EQ(upper_case("iki ılık", "tr"), "İKİ ILIK");
  EXPECT_EQ(upper_case("iki", "en"), "IKI");
}

TEST(UpperCase, ReplacesInvalidText) {
  EXPECT_EQ(upper_case("a\xff", "en"), "A\xef\xbf\xbd");
}

std::vector<Caption> captions_of(const CaptionLayout& layout, const std::vector<SpokenText>& texts,
                                 std::string_view language) {
  const auto maker = CaptionMaker::create(layout);
  maker->add(texts, language);
  return maker->flush();
}

TEST(UpperCase, CaptionsAreLaidOutAfterTheConversion) {
  CaptionLayout layout = CaptionLayout::of(CaptionStyle::Subtitle, 8, 1);
  layout.upper_case = true;
  const auto captions =
      captions_of(layout, {{0s, 1s, " aßaßaß"}, {1s, 2s, " ja"}, {2s, 3s, " du"}}, "de");
  ASSERT_FALSE(captions.empty());
  std::string text;
  for (const Caption& caption : captions) {
    EXPECT_LE(caption.text.size(), 8U) << caption.text;
    text += caption.text + "|";
  }
  EXPECT_NE(text.find("ASSASS"), std::string::npos) << text;
  EXPECT_NE(text.find("JA"), std::string::npos) << text;
}

// Upper case does not move line breaks, because the criteria for breaks do not depend on the case.
TEST(UpperCase, DoesNotChangeTheBreaks) {
  std::vector<SpokenText> texts;
  auto time = 0ms;
  for (const char* word :
       {" Nachdem", " Dr.",     " Müller", " über",   " den",      " Fluss", " gefahren", " war,",
        " sagte",   " er",      " für",    " die",    " anderen,", " dass",  " während",  " der",
        " Nacht",   " während", " des",    " Sturms", " kein",     " Boot",  " fuhr."}) {
    texts.push_back({time, time + 300ms, word});
    time += 300ms;
  }
  CaptionLayout layout = CaptionLayout::of(CaptionStyle::Broadcast);
  const auto plain = captions_of(layout, texts, "de");
  layout.upper_case = true;
  const auto upper = captions_of(layout, texts, "de");
  ASSERT_EQ(plain.size(), upper.size());
  ASSERT_GT(plain.size(), 1U);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(upper_case(plain[i].text, "de"), upper[i].text);
    EXPECT_EQ(plain[i].start, upper[i].start);
    EXPECT_EQ(plain[i].end, upper[i].end);
  }
}

TEST(UpperCase, BuildUpIsConvertedToo) {
  CaptionLayout layout = CaptionLayout::of(CaptionStyle::BuildUp);
  layout.upper_case = true;
  const auto captions = captions_of(layout, {{0s, 1s, " one"}}, "en");
  ASSERT_FALSE(captions.empty());
  EXPECT_EQ(captions.front().text, "ONE");
}

}  // namespace
}  // namespace npuwhisper
