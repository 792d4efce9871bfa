// SPDX-License-Identifier: LGPL-2.1-or-later
#include "random_speech.h"

#include <array>

namespace npuwhisper::test {
namespace {

std::size_t below(std::mt19937& random, std::size_t n) {
  return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
}

double between(std::mt19937& random, double least, double most) {
  return std::uniform_real_distribution<double>(least, most)(random);
}

std::string latin_word(std::mt19937& random) {
  constexpr std::array kWords = {"the",
                                 "of",
                                 "and",
                                 "a",
                                 "in",
                                 "house",
                                 "Straße",
                                 "café",
                                 "e\u0301t\u00e9",
                                 "well-known",
                                 "don't",
                                 "1,000",
                                 "Mr.",
                                 "\U0001F468\u200D\U0001F469",
                                 "I"};
  if (below(random, 2) == 0) return kWords[below(random, kWords.size())];
  const std::size_t length = below(random, 40) == 0 ? 60 : 1 + below(random, 12);
  std::string word;
  for (std::size_t i = 0; i < length; ++i) word += static_cast<char>('a' + below(random, 26));
  return word;
}

std::string other_word(std::mt19937& random, Script script) {
  constexpr std::array kChinese = {"我", "们", "在", "这里", "《红楼梦》", "说", "A", "２０", "。"};
  constexpr std::array kThai = {"สวัสดี", "ครับ", "ผม", "ไม่", "ที่นี่"};
  return script == Script::Chinese ? kChinese[below(random, kChinese.size())]
                                   : kThai[below(random, kThai.size())];
}

template <typename Texts>
std::string without_space(const Texts& texts) {
  std::string all;
  for (const auto& text : texts) {
    for (const char c : text.text) {
      if (c != ' ' && c != '\n') all += c;
    }
  }
  return all;
}

}  // namespace

std::vector<SpokenText> spoken(const std::string& text, double start, double pace) {
  std::vector<SpokenText> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin + 1), text.size());
    const double length = pace * static_cast<double>(end - begin);
    words.push_back({at(start), at(start + length), text.substr(begin, end - begin)});
    start += length;
    begin = end;
  }
  return words;
}

std::vector<SpokenText> random_speech(std::mt19937& random, Script script, std::size_t n_words) {
  constexpr std::array kMarks = {"", "", "", "", "", "", "", ",", ".", "?", "!\"", ":", "..."};
  std::vector<SpokenText> words;
  double time = between(random, 0, 3);
  for (std::size_t i = 0; i < n_words; ++i) {
    const bool is_latin =
        script == Script::Latin || (script == Script::Mixed && below(random, 2) == 0);
    const Script other = script == Script::Mixed ? Script::Chinese : script;
    const std::string word = is_latin ? " " + latin_word(random) : other_word(random, other);
    const double length = between(random, 0, 0.8);
    words.push_back({at(time), at(time + length), word + kMarks[below(random, kMarks.size())]});
    time += length;
    if (below(random, 3) == 0) time += between(random, 0, 0.4);
    if (below(random, 12) == 0) time += between(random, 0, 12);
  }
  return words;
}

std::string letters(const std::vector<SpokenText>& words) {
  return without_space(words);
}
std::string letters(const std::vector<Caption>& captions) {
  return without_space(captions);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

}  // namespace npuwhisper::test
