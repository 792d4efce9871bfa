// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/languages.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace npuwhisper {
namespace {

TEST(Languages, AreSortedByCodeAndComplete) {
  EXPECT_EQ(languages().size(), 100U);  // The 99 languages of the first models, and Cantonese.
  EXPECT_TRUE(std::ranges::is_sorted(languages(), {}, &Language::code));
  std::set<std::string_view> codes;
  std::set<std::string_view> names;
  for (const Language& language : languages()) {
    codes.insert(language.code);
    names.insert(language.name);
  }
  EXPECT_EQ(codes.size(), languages().size());
  EXPECT_EQ(names.size(), languages().size());
}

TEST(Languages, NameOfCode) {
  EXPECT_EQ(language_name("de"), "german");
  EXPECT_EQ(language_name("haw"), "hawaiian");
  EXPECT_EQ(language_name("yue"), "cantonese");
  EXPECT_EQ(language_name("DE"), "");
  EXPECT_EQ(language_name("xx"), "");
  EXPECT_EQ(language_name(""), "");
}

TEST(Languages, ParseEachCodeAndName) {
  for (const Language& language : languages()) {
    const auto by_code = parse_language(language.code);
    ASSERT_TRUE(by_code) << language.code;
    EXPECT_EQ(*by_code, language.code);
    const auto by_name = parse_language(language.name);
    ASSERT_TRUE(by_name) << language.name;
    EXPECT_EQ(*by_name, language.code);
  }
}

TEST(Languages, ParseCaseRegionsAndOtherNames) {
  for (const auto& [text, code] : std::vector<std::pair<std::string, std::string>>{
           {"English", "en"},
           {"GERMAN", "de"},
           {"en-US", "en"},
           {"pt_BR", "pt"},
           {"ZH-Hant-TW", "zh"},
           {"Castilian", "es"},
           {"Haitian Creole", "ht"},
           {"mandarin", "zh"},
           {"jv", "jw"},
           {" fr ", "fr"},
           {"auto", ""},
           {"Auto", ""},
           {"", ""},
       }) {
    const auto parsed = parse_language(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, code) << text;
  }
}

TEST(Languages, UnknownLanguageIsNamed) {
  for (const char* text : {"englisch", "xx", "english-US", "e", "-", "en,de"}) {
    const auto parsed = parse_language(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(parsed.error().message.find("'" + std::string(text) + "'"), std::string::npos)
        << parsed.error().message;
  }
}

TEST(Languages, ParseList) {
  using Codes = std::vector<std::string>;
  for (const auto& [text, codes] : std::vector<std::pair<std::string, Codes>>{
           {"", {}},
           {"  ", {}},
           {"en", {"en"}},
           {"en,de,es", {"en", "de", "es"}},
           {" German , en-GB,ENGLISH", {"de", "en"}},
       }) {
    const auto parsed = parse_languages(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, codes) << text;
  }
}

TEST(Languages, EveryUnknownEntryOfListIsNamed) {
  const auto parsed = parse_languages("en,xx,de, klingon");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::InvalidArgument);
  EXPECT_NE(parsed.error().message.find("'xx', 'klingon'"), std::string::npos)
      << parsed.error().message;
  EXPECT_EQ(parsed.error().message.find("'en'"), std::string::npos) << parsed.error().message;
  for (const char* text : {"en,", ",en", "en,,de", "auto", "en,auto"}) {
    EXPECT_FALSE(parse_languages(text)) << text;
  }
}

}  // namespace
}  // namespace npuwhisper
