// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/chinese_converter.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace npuwhisper {
namespace {

/// Creates a converter. Ends the test program if OpenCC cannot be used.
std::unique_ptr<ChineseConverter> make(ChineseScript script) {
  auto converter = ChineseConverter::create(script);
  if (!converter) ADD_FAILURE() << converter.error().message;
  return std::move(*converter);
}

std::vector<std::string> convert_parts(ChineseScript script, const std::string& context,
                                       std::vector<std::string> parts) {
  std::vector<std::string*> pointers;
  for (std::string& part : parts) pointers.push_back(&part);
  make(script)->convert_parts(context, pointers);
  return parts;
}

using Texts = std::vector<std::string>;

TEST(ChineseConverter, ConvertsToSimplified) {
  const auto converter = make(ChineseScript::Simplified);
  EXPECT_EQ(converter->convert("加快發展現代保險服務業"), "加快发展现代保险服务业");
  EXPECT_EQ(converter->convert("加快发展现代保险服务业"), "加快发展现代保险服务业");
  EXPECT_EQ(converter->convert("𠮷𩸽後"), "𠮷𩸽后") << "beyond the basic plane";
}

TEST(ChineseConverter, ConvertsToTraditionalByPhrases) {
  const auto converter = make(ChineseScript::Traditional);
  EXPECT_EQ(converter->convert("加快发展现代保险服务业"), "加快發展現代保險服務業");
  EXPECT_EQ(converter->convert("头发和发展"), "頭髮和發展");
  EXPECT_EQ(converter->convert("皇后在后面"), "皇后在後面");
}

TEST(ChineseConverter, LeavesOtherTextAsItIs) {
  for (const auto script : {ChineseScript::Simplified, ChineseScript::Traditional}) {
    const auto converter = make(script);
    for (const char* text :
         {"", " OK, 2002.", "Grüße, ça va? Привет", "한국어", "\xE5\x8A", "a\xFF"}) {
      EXPECT_EQ(converter->convert(text), text);
    }
  }
}

TEST(ChineseConverter, PartsAreConvertedAsOneText) {
  // "发" alone becomes "發". In "头发" (hair), it becomes "髮".
  EXPECT_EQ(convert_parts(ChineseScript::Traditional, "", {"发"}), Texts{"發"});
  EXPECT_EQ(convert_parts(ChineseScript::Traditional, "", {"头", "发", "", " OK ", "发", "展"}),
            (Texts{"頭", "髮", "", " OK ", "發", "展"}));
  EXPECT_EQ(convert_parts(ChineseScript::Traditional, "他的头", {"发"}), Texts{"髮"});
  EXPECT_EQ(convert_parts(ChineseScript::Simplified, "發", {"展", "現代"}), (Texts{"展", "现代"}));
  EXPECT_EQ(convert_parts(ChineseScript::Simplified, "發", {}), Texts{});
}

/// A converter that changes the number of characters. OpenCC's conversion of single characters
/// keeps their number, but conversion with other tables may change it.
class DoublingConverter final : public ChineseConverter {
 public:
  std::string convert(std::string_view text) const override {
    return std::string(text) + std::string(text);
  }
};

TEST(ChineseConverter, PartsOfAnotherLengthAreConvertedAlone) {
  std::string a = "a";
  std::string b = "b";
  DoublingConverter().convert_parts("context", {&a, &b});
  EXPECT_EQ(a, "aa");
  EXPECT_EQ(b, "bb");
}

}  // namespace
}  // namespace npuwhisper
