// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/published_models.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>

#include "model/english_vocabulary.h"
#include "model/multilingual_vocabulary.h"

namespace npuwhisper {
namespace {

constexpr int kMultilingualVocab = 51865;
constexpr int kLargeV3Vocab = 51866;  // Has one more language: Cantonese.
/// Number of special tokens other than languages: end of text, start of transcript, two tasks, four
/// other tokens, and the timestamps from 0.00 to 30.00.
constexpr int kMarks = 2 + 6 + 1501;

/// The languages in the order of their tokens.
constexpr std::array<std::string_view, 100> kLanguages = {
    "en", "zh", "de", "es",  "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv",
    "it", "id", "hi", "fi",  "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no",
    "th", "ur", "hr", "bg",  "lt", "la", "mi", "ml", "cy", "sk", "te", "fa", "lv", "bn", "sr",
    "az", "sl", "kn", "et",  "mk", "br", "eu", "is", "hy", "ne", "mn", "bs", "kk", "sq", "sw",
    "gl", "mr", "pa", "si",  "km", "sn", "yo", "so", "af", "oc", "ka", "be", "tg", "sd", "gu",
    "am", "yi", "lo", "uz",  "fo", "ht", "ps", "tk", "nn", "mt", "sa", "lb", "my", "bo", "tl",
    "mg", "as", "tt", "haw", "ln", "ha", "ba", "jw", "su", "yue"};

using Head = std::pair<int, int>;

struct Heads {
  std::string_view name;
  int n_vocab;
  int n_state;
  int n_audio_layer;
  int n_text_layer;
  std::span<const Head> heads;
};

constexpr std::array<Head, 8> kTinyEn = {
    {{1, 0}, {2, 0}, {2, 5}, {3, 0}, {3, 1}, {3, 2}, {3, 3}, {3, 4}}};
constexpr std::array<Head, 6> kTiny = {{{2, 2}, {3, 0}, {3, 2}, {3, 3}, {3, 4}, {3, 5}}};
constexpr std::array<Head, 5> kBaseEn = {{{3, 3}, {4, 7}, {5, 1}, {5, 5}, {5, 7}}};
constexpr std::array<Head, 8> kBase = {
    {{3, 1}, {4, 2}, {4, 3}, {4, 7}, {5, 1}, {5, 2}, {5, 4}, {5, 6}}};
constexpr std::array<Head, 19> kSmallEn = {{{6, 6},
                                            {7, 0},
                                            {7, 3},
                                            {7, 8},
                                            {8, 2},
                                            {8, 5},
                                            {8, 7},
                                            {9, 0},
                                            {9, 4},
                                            {9, 8},
                                            {9, 10},
                                            {10, 0},
                                            {10, 1},
                                            {10, 2},
                                            {10, 3},
                                            {10, 6},
                                            {10, 11},
                                            {11, 2},
                                            {11, 4}}};
constexpr std::array<Head, 10> kSmall = {
    {{5, 3}, {5, 9}, {8, 0}, {8, 4}, {8, 7}, {8, 8}, {9, 0}, {9, 7}, {9, 9}, {10, 5}}};
constexpr std::array<Head, 18> kMediumEn = {{{11, 4},
                                             {14, 1},
                                             {14, 12},
                                             {14, 14},
                                             {15, 4},
                                             {16, 0},
                                             {16, 4},
                                             {16, 9},
                                             {17, 12},
                                             {17, 14},
                                             {18, 7},
                                             {18, 10},
                                             {18, 15},
                                             {20, 0},
                                             {20, 3},
                                             {20, 9},
                                             {20, 14},
                                             {21, 12}}};
constexpr std::array<Head, 6> kMedium = {{{13, 15}, {15, 4}, {15, 15}, {16, 1}, {20, 0}, {23, 4}}};
constexpr std::array<Head, 9> kLargeV1 = {
    {{9, 19}, {11, 2}, {11, 4}, {11, 17}, {22, 7}, {22, 11}, {22, 17}, {23, 2}, {23, 15}}};
constexpr std::array<Head, 23> kLargeV2 = {
    {{10, 12}, {13, 17}, {16, 11}, {16, 12}, {16, 13}, {17, 15}, {17, 16}, {18, 4},
     {18, 11}, {18, 19}, {19, 11}, {21, 2},  {21, 3},  {22, 3},  {22, 9},  {22, 12},
     {23, 5},  {23, 7},  {23, 13}, {25, 5},  {26, 1},  {26, 12}, {27, 15}}};
constexpr std::array<Head, 10> kLargeV3 = {
    {{7, 0}, {10, 17}, {12, 18}, {13, 12}, {16, 1}, {17, 14}, {19, 11}, {21, 4}, {24, 1}, {25, 6}}};
constexpr std::array<Head, 6> kLargeV3Turbo = {{{2, 4}, {2, 11}, {3, 3}, {3, 6}, {3, 11}, {3, 14}}};

constexpr std::array kHeads = {
    Heads{"tiny.en", kEnglishOnlyVocab, 384, 4, 4, kTinyEn},
    Heads{"tiny", kMultilingualVocab, 384, 4, 4, kTiny},
    Heads{"base.en", kEnglishOnlyVocab, 512, 6, 6, kBaseEn},
    Heads{"base", kMultilingualVocab, 512, 6, 6, kBase},
    Heads{"small.en", kEnglishOnlyVocab, 768, 12, 12, kSmallEn},
    Heads{"small", kMultilingualVocab, 768, 12, 12, kSmall},
    Heads{"medium.en", kEnglishOnlyVocab, 1024, 24, 24, kMediumEn},
    Heads{"medium", kMultilingualVocab, 1024, 24, 24, kMedium},
    Heads{"large-v1", kMultilingualVocab, 1280, 32, 32, kLargeV1},
    Heads{"large-v2", kMultilingualVocab, 1280, 32, 32, kLargeV2},
    Heads{"large-v3", kLargeV3Vocab, 1280, 32, 32, kLargeV3},
    Heads{"large-v3-turbo", kLargeV3Vocab, 1280, 32, 4, kLargeV3Turbo},
};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::vector<Head> published_alignment_heads(const ModelConfig& config, std::string_view file_name) {
  std::vector<const Heads*> found;
  for (const Heads& heads : kHeads) {
    if (heads.n_vocab == config.n_vocab && heads.n_state == config.n_state &&
        heads.n_audio_layer == config.n_audio_layer && heads.n_text_layer == config.n_text_layer) {
      found.push_back(&heads);
    }
  }
  if (found.size() > 1) {
    std::erase_if(found, [&](const Heads* heads) {
      return file_name.find(heads->name) == std::string_view::npos;
    });
  }
  if (found.size() != 1) return {};
  return {found.front()->heads.begin(), found.front()->heads.end()};
}

std::vector<Head> late_heads(const ModelConfig& config) {
  std::vector<Head> heads;
  for (int layer = config.n_text_layer / 2; layer < config.n_text_layer; ++layer) {
    for (int head = 0; head < config.n_text_head; ++head) heads.emplace_back(layer, head);
  }
  return heads;
}

bool is_published_vocabulary(int n_vocab) {
  return n_vocab == kEnglishOnlyVocab || n_vocab == kMultilingualVocab || n_vocab == kLargeV3Vocab;
}

std::optional<std::vector<std::string>> published_vocabulary(int n_vocab) {
  if (!is_published_vocabulary(n_vocab)) return std::nullopt;
  // The lengths are passed explicitly, because compilers count the characters of a constant literal
  // only up to a limit.
  constexpr std::string_view kEnglish(kEnglishVocabulary, sizeof kEnglishVocabulary - 1);
  constexpr std::string_view kMultilingual(kMultilingualVocabulary,
                                           sizeof kMultilingualVocabulary - 1);
  auto spellings = lines_of(n_vocab == kEnglishOnlyVocab ? kEnglish : kMultilingual);
  append_special_tokens(n_vocab, spellings);
  return spellings;
}

bool append_special_tokens(int n_vocab, std::vector<std::string>& spellings) {
  const std::int64_t n_languages =
      std::int64_t{n_vocab} - static_cast<std::int64_t>(spellings.size()) - kMarks;
  if (n_languages < 0 || n_languages > static_cast<std::int64_t>(kLanguages.size())) return false;
  for (const char* name : {"<|endoftext|>", "<|startoftranscript|>"}) spellings.emplace_back(name);
  for (const std::string_view code :
       std::span(kLanguages).first(static_cast<std::size_t>(n_languages))) {
    spellings.push_back("<|" + std::string(code) + "|>");
  }
  for (const char* name : {"<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
                           "<|nospeech|>", "<|notimestamps|>"}) {
    spellings.emplace_back(name);
  }
  return true;
}

std::vector<Token> published_suppressed_tokens(const Tokenizer& tokenizer) {
  // Symbols that are suppressed if they are one token.
  constexpr std::array<std::string_view, 47> kSymbols = {
      "\"",  "#",  "(",  ")",   "*",   "+",   "/",   ":",  ";",   "<",  "=",  ">",
      "@",   "[",  "\\", "]",   "^",   "_",   "`",   "{",  "|",   "}",  "~",  "「",
      "」",  "『", "』", "<<",  ">>",  "<<<", ">>>", "--", "---", "-(", "-[", "('",
      "(\"", "((", "))", "(((", ")))", "[[",  "]]",  "{{", "}}",  "♪♪", "♪♪♪"};
  // Musical symbols. Their first token is suppressed, because no spoken text contains it.
  constexpr std::array<std::string_view, 7> kNotes = {"♩", "♪", "♫", "♬", "♭", "♮", "♯"};
  // A hyphen or an apostrophe is suppressed only at the beginning of a word, not within a word.
  std::set<Token> tokens = {tokenizer.encode(" -").front(), tokenizer.encode(" '").front()};
  const auto add = [&](std::string_view symbol, bool is_note) {
    for (const std::string& text : {std::string(symbol), " " + std::string(symbol)}) {
      const std::vector<Token> encoded = tokenizer.encode(text);
      if (encoded.size() == 1 || is_note) tokens.insert(encoded.front());
    }
  };
  for (const std::string_view symbol : kSymbols) add(symbol, false);
  for (const std::string_view note : kNotes) add(note, true);
  const SpecialTokens& special = tokenizer.special();
  tokens.insert({special.sot, special.translate, special.transcribe, special.sot_lm,
                 special.sot_prev, special.no_speech});
  return {tokens.begin(), tokens.end()};
}

std::vector<Token> published_first_suppressed_tokens(const Tokenizer& tokenizer) {
  return {tokenizer.encode(" ").front(), tokenizer.special().eot};
}

}  // namespace npuwhisper
