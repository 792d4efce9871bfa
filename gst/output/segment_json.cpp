// SPDX-License-Identifier: LGPL-2.1-or-later
#include "segment_json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace npuwhisper {
namespace {

using Json = nlohmann::ordered_json;

// Rounds to microseconds. Further digits have no meaning, because a sample lasts 62.5 us.
double seconds(GstClockTime time) {
  return std::round(static_cast<double>(time) / GST_USECOND) / 1e6;
}

// Rounds to four decimals. A float has seven significant digits; printed as a double, it would show
// further, meaningless digits.
double rounded(float value) {
  return std::round(static_cast<double>(value) * 1e4) / 1e4;
}

Json words_json(std::span<const Word> words, const Timeline& timeline) {
  Json list = Json::array();
  for (const Word& word : words) {
    list.push_back({{"start", seconds(timeline.time_of(word.start))},
                    {"end", seconds(timeline.time_of(word.end))},
                    {"word", word.text},
                    {"probability", rounded(word.probability)}});
  }
  return list;
}

}  // namespace

std::string segment_json(const Segment& segment, const Timeline& timeline) {
  const Json object = {{"type", "segment"},
                       {"final", true},
                       {"language", segment.language},
                       {"start", seconds(timeline.time_of(segment.start))},
                       {"end", seconds(timeline.time_of(segment.end))},
                       {"text", segment.text},
                       {"tokens", segment.tokens},
                       {"avg_logprob", rounded(segment.average_log_probability)},
                       {"no_speech_prob", rounded(segment.no_speech_probability)},
                       {"temperature", rounded(segment.temperature)},
                       {"compression_ratio", rounded(segment.compression_ratio)},
                       {"words", words_json(segment.words, timeline)}};
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string draft_json(std::span<const Word> words, const std::string& language,
                       const Timeline& timeline) {
  Json object = {{"type", "partial"}, {"final", false}, {"language", language}};
  std::string text;
  for (const Word& word : words) text += word.text;
  if (!words.empty()) {
    object["start"] = seconds(timeline.time_of(words.front().start));
    object["end"] = seconds(timeline.time_of(words.back().end));
  }
  object["text"] = std::move(text);
  object["words"] = words_json(words, timeline);
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace npuwhisper
