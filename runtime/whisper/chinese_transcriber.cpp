// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/chinese_transcriber.h"

#include <utility>

namespace npuwhisper {
namespace {

/// Maximum length of the context from the previous text in bytes, enough for eight Chinese
/// characters. Most of OpenCC's phrases have two to four characters.
constexpr std::size_t kContext = 24;

bool is_chinese(const std::string& language) {
  return language == "zh" || language == "yue";
}

/// Returns the last whole characters of `text`, at most kContext bytes.
std::string tail_of(const std::string& text) {
  if (text.size() <= kContext) return text;
  std::size_t begin = text.size() - kContext;
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return text.substr(begin);
}

}  // namespace

ChineseTranscriber::ChineseTranscriber(std::unique_ptr<Transcriber> transcriber,
                                       std::unique_ptr<ChineseConverter> converter)
    : WrappedTranscriber(std::move(transcriber)), converter_(std::move(converter)) {}

Result<std::vector<Segment>> ChineseTranscriber::push(std::span<const float> pcm) {
  return convert(transcriber_->push(pcm));
}

Result<std::vector<Segment>> ChineseTranscriber::push(std::span<const std::int16_t> pcm) {
  return convert(transcriber_->push(pcm));
}

Result<std::vector<Segment>> ChineseTranscriber::settle() {
  return convert(transcriber_->settle());
}

Result<std::vector<Segment>> ChineseTranscriber::drain() {
  return convert(transcriber_->drain());
}

void ChineseTranscriber::reset() {
  transcriber_->reset();
  context_.clear();
}

std::vector<Word> ChineseTranscriber::draft() const {
  std::vector<Word> words = transcriber_->draft();
  if (!is_chinese(transcriber_->language())) return words;
  std::vector<std::string*> texts;
  for (Word& word : words) texts.push_back(&word.text);
  converter_->convert_parts(context_, texts);
  return words;
}

Result<std::vector<Segment>> ChineseTranscriber::convert(Result<std::vector<Segment>> segments) {
  if (!segments) return segments;
  for (Segment& segment : *segments) {
    if (is_chinese(segment.language)) convert(segment);
  }
  return segments;
}

void ChineseTranscriber::convert(Segment& segment) {
  const std::string as_written = segment.text;
  std::string joined;
  std::vector<std::string*> texts;
  for (Word& word : segment.words) {
    joined += word.text;
    texts.push_back(&word.text);
  }
  converter_->convert_parts(context_, texts);
  if (joined == as_written) {
    // Joins the converted words, because the text must remain the concatenation of the words.
    segment.text.clear();
    for (const Word& word : segment.words) segment.text += word.text;
  } else {
    converter_->convert_parts(context_, {&segment.text});
  }
  context_ = tail_of(context_ + as_written);
}

}  // namespace npuwhisper
