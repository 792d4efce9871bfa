// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions of npuwhisper/c_api.h that concern segments and words.
#include <cstdint>

#include "c_api/calls.h"
#include "c_api/handles.h"

namespace npuwhisper {

npuwhisper_words wrap(std::vector<Word> words) {
  npuwhisper_words wrapped;
  wrapped.list.reserve(words.size());
  for (Word& word : words) wrapped.list.push_back({std::move(word)});
  return wrapped;
}

npuwhisper_segment wrap(Segment segment) {
  npuwhisper_words words = wrap(std::move(segment.words));
  segment.words.clear();
  return {std::move(segment), std::move(words)};
}

npuwhisper_segments wrap(std::vector<Segment> segments) {
  npuwhisper_segments wrapped;
  wrapped.list.reserve(segments.size());
  for (Segment& segment : segments) wrapped.list.push_back(wrap(std::move(segment)));
  return wrapped;
}

}  // namespace npuwhisper

void npuwhisper_words_free(npuwhisper_words* words) {
  delete words;
}

std::size_t npuwhisper_words_count(const npuwhisper_words* words) {
  return words != nullptr ? words->list.size() : 0;
}

const npuwhisper_word* npuwhisper_words_at(const npuwhisper_words* words, std::size_t index) {
  return index < npuwhisper_words_count(words) ? &words->list[index] : nullptr;
}

std::int64_t npuwhisper_word_start(const npuwhisper_word* word) {
  return word != nullptr ? word->word.start : 0;
}

std::int64_t npuwhisper_word_end(const npuwhisper_word* word) {
  return word != nullptr ? word->word.end : 0;
}

const char* npuwhisper_word_text(const npuwhisper_word* word, std::size_t* length) {
  if (word == nullptr) return npuwhisper::give_nothing(length);
  return npuwhisper::give(word->word.text, length);
}

float npuwhisper_word_probability(const npuwhisper_word* word) {
  return word != nullptr ? word->word.probability : 0.0F;
}

void npuwhisper_segments_free(npuwhisper_segments* segments) {
  delete segments;
}

std::size_t npuwhisper_segments_count(const npuwhisper_segments* segments) {
  return segments != nullptr ? segments->list.size() : 0;
}

const npuwhisper_segment* npuwhisper_segments_at(const npuwhisper_segments* segments,
                                                 std::size_t index) {
  return index < npuwhisper_segments_count(segments) ? &segments->list[index] : nullptr;
}

std::int64_t npuwhisper_segment_start(const npuwhisper_segment* segment) {
  return segment != nullptr ? segment->segment.start : 0;
}

std::int64_t npuwhisper_segment_end(const npuwhisper_segment* segment) {
  return segment != nullptr ? segment->segment.end : 0;
}

const char* npuwhisper_segment_text(const npuwhisper_segment* segment, std::size_t* length) {
  if (segment == nullptr) return npuwhisper::give_nothing(length);
  return npuwhisper::give(segment->segment.text, length);
}

const char* npuwhisper_segment_language(const npuwhisper_segment* segment, std::size_t* length) {
  if (segment == nullptr) return npuwhisper::give_nothing(length);
  return npuwhisper::give(segment->segment.language, length);
}

const npuwhisper_words* npuwhisper_segment_words(const npuwhisper_segment* segment) {
  return segment != nullptr ? &segment->words : nullptr;
}

float npuwhisper_segment_average_log_probability(const npuwhisper_segment* segment) {
  return segment != nullptr ? segment->segment.average_log_probability : 0.0F;
}

float npuwhisper_segment_no_speech_probability(const npuwhisper_segment* segment) {
  return segment != nullptr ? segment->segment.no_speech_probability : 0.0F;
}

float npuwhisper_segment_compression_ratio(const npuwhisper_segment* segment) {
  return segment != nullptr ? segment->segment.compression_ratio : 0.0F;
}

float npuwhisper_segment_temperature(const npuwhisper_segment* segment) {
  return segment != nullptr ? segment->segment.temperature : 0.0F;
}
