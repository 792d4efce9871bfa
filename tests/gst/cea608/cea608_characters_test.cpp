// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares the encoded bytes of each character with the tables of CTA-608-E, with parity added.
#include "gst/cea608/characters.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <string>

#include "gst/cea608/markup_text.h"
#include "gst/cea608/pair_writer.h"
#include "gst/cea608/wrap.h"

namespace npuwhisper::cea608 {
namespace {

std::string hex(const std::deque<QueuedPair>& pairs) {
  std::string text;
  for (const QueuedPair& queued : pairs) {
    char bytes[8];
    std::snprintf(bytes, sizeof bytes, "%02x%02x", queued.pair.first, queued.pair.second);
    text += (text.empty() ? "" : " ") + std::string(bytes);
  }
  return text;
}

std::string bytes_of(std::string_view utf8) {
  std::deque<QueuedPair> pairs;
  PairWriter writer(pairs);
  writer.text(glyphs_of(utf8).glyphs);
  writer.finish();
  return hex(pairs);
}

TEST(Cea608Parity, IsOdd) {
  EXPECT_EQ(with_odd_parity(0x00), 0x80);
  EXPECT_EQ(with_odd_parity(0x01), 0x01);
  EXPECT_EQ(with_odd_parity(0x14), 0x94);
  EXPECT_EQ(with_odd_parity(0x2c), 0x2c);
  EXPECT_EQ(with_odd_parity(0x7f), 0x7f);
}

TEST(Cea608Codes, Commands) {
  std::deque<QueuedPair> pairs;
  PairWriter writer(pairs);
  for (const Command code :
       {Command::ResumeCaptionLoading, Command::AlarmOff, Command::RollUp2, Command::RollUp3,
        Command::RollUp4, Command::ResumeDirectCaptioning, Command::EraseDisplayedMemory,
        Command::CarriageReturn, Command::EraseNonDisplayedMemory, Command::EndOfCaption}) {
    writer.command(code);
  }
  EXPECT_EQ(
      hex(pairs),
      "9420 9420 94a2 94a2 9425 9425 9426 9426 94a7 94a7 9429 9429 942c 942c 94ad 94ad 94ae 94ae "
      "942f 942f");
}

TEST(Cea608Codes, PreamblesOfAllRows) {
  const char* const kColumn0[] = {"91d0", "9170", "92d0", "9270", "15d0", "1570", "16d0", "1670",
                                  "97d0", "9770", "10d0", "13d0", "1370", "94d0", "9470"};
  for (int row = 0; row < kRows; ++row) {
    std::deque<QueuedPair> pairs;
    PairWriter(pairs).move_to(row, 0);
    const std::string code = kColumn0[row];
    EXPECT_EQ(hex(pairs), code + " " + code) << "row " << row;
  }
}

TEST(Cea608Codes, PreamblesAndTabsOfAllColumns) {
  const char* const kIndents[] = {"9470", "94f2", "94f4", "9476", "94f8", "947a", "947c", "94fe"};
  const char* const kTabs[] = {"", "97a1", "97a2", "9723"};
  for (int column = 0; column < kColumns; ++column) {
    std::deque<QueuedPair> pairs;
    PairWriter(pairs).move_to(14, column);
    const std::string indent = kIndents[column / 4];
    const std::string tab = kTabs[column % 4];
    EXPECT_EQ(hex(pairs), indent + " " + indent + (tab.empty() ? "" : " " + tab + " " + tab))
        << "column " << column;
  }
}

TEST(Cea608Characters, BasicSet) {
  EXPECT_EQ(bytes_of("Az09"), "c17a b0b9");
  EXPECT_EQ(bytes_of("a"), "6180");
  EXPECT_EQ(bytes_of("!\"#$%&'()+,-./:;<=>?@[]"),
            "a1a2 23a4 2526 a7a8 29ab 2cad ae2f ba3b bc3d 3ebf 405b 5d80");
  EXPECT_EQ(bytes_of("áéíóúç÷Ññ█"), "2adc 5edf e0fb 7cfd fe7f");
}

TEST(Cea608Characters, SpecialSetComesTwice) {
  EXPECT_EQ(bytes_of("®°½¿™¢£♪"),
            "91b0 91b0 9131 9131 9132 9132 91b3 91b3 9134 9134 91b5 91b5 91b6 91b6 9137 9137");
  EXPECT_EQ(bytes_of("àèâêîôû"),
            "9138 9138 91ba 91ba 913b 913b 91bc 91bc 913d 913d 913e 913e 91bf 91bf");
  EXPECT_EQ(bytes_of("a½b"), "6180 9132 9132 6280");
  EXPECT_EQ(bytes_of("♪♪"), "9137 9137 94a2 94a2 9137 9137") << "not four of the same";
}

struct ExtendedCase {
  const char* character;
  const char* fallback;  // Hexadecimal bytes with parity and padding.
  const char* code;
};

class Extended : public ::testing::TestWithParam<ExtendedCase> {};

TEST_P(Extended, FollowsItsFallbackTwice) {
  const ExtendedCase& p = GetParam();
  const std::string code = p.code;
  EXPECT_EQ(bytes_of(p.character), std::string(p.fallback) + " " + code + " " + code);
}
INSTANTIATE_TEST_SUITE_P(
    SpanishAndMore, Extended,
    ::testing::Values(ExtendedCase{"Á", "c180", "9220"}, ExtendedCase{"É", "4580", "92a1"},
                      ExtendedCase{"Ó", "4f80", "92a2"}, ExtendedCase{"Ú", "d580", "9223"},
                      ExtendedCase{"Ü", "d580", "92a4"}, ExtendedCase{"ü", "7580", "9225"},
                      ExtendedCase{"‘", "a780", "9226"}, ExtendedCase{"¡", "a180", "92a7"},
                      ExtendedCase{"*", "f880", "92a8"}, ExtendedCase{"—", "ad80", "922a"},
                      ExtendedCase{"©", "e380", "92ab"}, ExtendedCase{"℠", "7380", "922c"},
                      ExtendedCase{"•", "ae80", "92ad"}, ExtendedCase{"“", "a280", "92ae"},
                      ExtendedCase{"”", "a280", "922f"}));
INSTANTIATE_TEST_SUITE_P(
    French, Extended,
    ::testing::Values(ExtendedCase{"À", "c180", "92b0"}, ExtendedCase{"Â", "c180", "9231"},
                      ExtendedCase{"Ç", "4380", "9232"}, ExtendedCase{"È", "4580", "92b3"},
                      ExtendedCase{"Ê", "4580", "9234"}, ExtendedCase{"Ë", "4580", "92b5"},
                      ExtendedCase{"ë", "e580", "92b6"}, ExtendedCase{"Î", "4980", "9237"},
                      ExtendedCase{"Ï", "4980", "9238"}, ExtendedCase{"ï", "e980", "92b9"},
                      ExtendedCase{"Ô", "4f80", "92ba"}, ExtendedCase{"Ù", "d580", "923b"},
                      ExtendedCase{"ù", "7580", "92bc"}, ExtendedCase{"Û", "d580", "923d"},
                      ExtendedCase{"«", "a280", "923e"}, ExtendedCase{"»", "a280", "92bf"}));
INSTANTIATE_TEST_SUITE_P(
    Portuguese, Extended,
    ::testing::Values(ExtendedCase{"Ã", "c180", "1320"}, ExtendedCase{"ã", "6180", "13a1"},
                      ExtendedCase{"Í", "4980", "13a2"}, ExtendedCase{"Ì", "4980", "1323"},
                      ExtendedCase{"ì", "e980", "13a4"}, ExtendedCase{"Ò", "4f80", "1325"},
                      ExtendedCase{"ò", "ef80", "1326"}, ExtendedCase{"Õ", "4f80", "13a7"},
                      ExtendedCase{"õ", "ef80", "13a8"}, ExtendedCase{"{", "a880", "1329"},
                      ExtendedCase{"}", "2980", "132a"}, ExtendedCase{"\\", "2f80", "13ab"},
                      ExtendedCase{"^", "a780", "132c"}, ExtendedCase{"_", "ad80", "13ad"},
                      ExtendedCase{"|", "a180", "13ae"}, ExtendedCase{"~", "ad80", "132f"}));
INSTANTIATE_TEST_SUITE_P(
    GermanAndDanish, Extended,
    ::testing::Values(ExtendedCase{"Ä", "c180", "13b0"}, ExtendedCase{"ä", "6180", "1331"},
                      ExtendedCase{"Ö", "4f80", "1332"}, ExtendedCase{"ö", "ef80", "13b3"},
                      ExtendedCase{"ß", "7380", "1334"}, ExtendedCase{"¥", "d980", "13b5"},
                      ExtendedCase{"¤", "ef80", "13b6"}, ExtendedCase{"¦", "a180", "1337"},
                      ExtendedCase{"Å", "c180", "1338"}, ExtendedCase{"å", "6180", "13b9"},
                      ExtendedCase{"Ø", "4f80", "13ba"}, ExtendedCase{"ø", "ef80", "133b"},
                      ExtendedCase{"┌", "ab80", "13bc"}, ExtendedCase{"┐", "ab80", "133d"},
                      ExtendedCase{"└", "ab80", "133e"}, ExtendedCase{"┘", "ab80", "13bf"}));

TEST(Cea608Characters, FallbackMayEndAPair) {
  EXPECT_EQ(bytes_of("aÄb"), "61c1 13b0 13b0 6280");
}

TEST(Cea608Characters, ComposesAndTransliterates) {
  EXPECT_EQ(bytes_of("e\u0301"), bytes_of("é"));
  EXPECT_EQ(bytes_of("őŁ…–’„"), bytes_of("oL...-',,"));
  EXPECT_EQ(bytes_of("œŽ"), bytes_of("oeZ"));
  EXPECT_EQ(bytes_of("a\u00ad\u200bb\u0332c\x01"), bytes_of("abc")) << "nothing to see";
}

TEST(Cea608Characters, ReplacesWhatItCannotWrite) {
  const GlyphText text = glyphs_of("日本 ж\xff?");
  EXPECT_EQ(text.n_replaced, 4U);
  EXPECT_EQ(text.glyphs, glyphs_of("?? ???").glyphs);
}

TEST(Cea608Characters, CollapsesSpace) {
  EXPECT_EQ(glyphs_of(" \t a  b \n\n c \r\n").glyphs, glyphs_of("a b\nc").glyphs);
  EXPECT_TRUE(glyphs_of(" \n ").glyphs.empty());
  EXPECT_TRUE(glyphs_of("").glyphs.empty());
}

std::vector<std::string> rows_of(std::string_view text, std::size_t width, std::size_t room) {
  std::vector<std::string> texts;
  for (const Row& row : wrap(glyphs_of(text).glyphs, width, room)) {
    texts.emplace_back();
    for (const Glyph& glyph : row) texts.back() += static_cast<char>(glyph.basic);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Cea608Wrap, BetweenWords) {
  EXPECT_EQ(rows_of("one two three", 7, 7), (Texts{"one two", "three"}));
  EXPECT_EQ(rows_of("one two three", 8, 8), (Texts{"one two", "three"}));
  EXPECT_EQ(rows_of("one two", 3, 3), (Texts{"one", "two"}));
  EXPECT_EQ(rows_of("one\u00a0two three", 7, 7), (Texts{"one two", "three"}));
}

TEST(Cea608Wrap, InTheRestOfARow) {
  EXPECT_EQ(rows_of("one two", 7, 3), (Texts{"one", "two"}));
  EXPECT_EQ(rows_of("one two", 7, 2), (Texts{"", "one two"}));
  EXPECT_EQ(rows_of("one two", 7, 0), (Texts{"", "one two"}));
}

TEST(Cea608Wrap, WordsThatAreTooLong) {
  EXPECT_EQ(rows_of("abcdefgh", 3, 3), (Texts{"abc", "def", "gh"}));
  EXPECT_EQ(rows_of("x abcdefgh y", 3, 3), (Texts{"x", "abc", "def", "gh", "y"}));
  EXPECT_EQ(rows_of("abcdefgh", 1, 0), (Texts{"", "a", "b", "c", "d", "e", "f", "g", "h"}));
}

TEST(Cea608Wrap, AtNewlines) {
  EXPECT_EQ(rows_of("a\nb c", 9, 9), (Texts{"a", "b c"}));
}

TEST(Markup, LeavesTheText) {
  EXPECT_EQ(markup_text("a <b>b</b> &amp; <span color='red'>c\nd</span>"), "a b & c\nd");
  EXPECT_EQ(markup_text(""), "");
}

TEST(Markup, IsTakenAsItIsWhenItIsNone) {
  EXPECT_EQ(markup_text("a < b & c"), "a < b & c");
  EXPECT_EQ(markup_text("<b>open"), "<b>open");
  EXPECT_EQ(markup_text("</markup>x"), "</markup>x");
}

}  // namespace
}  // namespace npuwhisper::cea608
