// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cues.h"

#include <algorithm>
#include <memory>

namespace npuwhisper {

void CueMaker::set_segment(const GstSegment& segment) {
  earliest_ = segment.start;
  stop_ = segment.stop;
}

std::vector<Cue> CueMaker::make(const Segment& segment, const Timeline& timeline, OutputMode mode) {
  std::vector<Cue> cues;
  if (mode == OutputMode::Word && !segment.words.empty()) {
    for (const Word& word : segment.words) {
      add(cues, timeline.time_of(word.start), timeline.time_of(word.end), word.text);
    }
  } else {
    add(cues, timeline.time_of(segment.start), timeline.time_of(segment.end), segment.text);
  }
  return cues;
}

void CueMaker::add(std::vector<Cue>& cues, GstClockTime start, GstClockTime end,
                   std::string_view text) {
  const std::string_view words = trim(text);
  if (words.empty()) return;
  if (GST_CLOCK_TIME_IS_VALID(stop_)) end = std::min(end, stop_);
  start = std::max(start, earliest_);
  end = std::max(end, start + kShortest);
  earliest_ = end;
  cues.push_back({start, end, std::string(words)});
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string escape_markup(std::string_view text) {
  const std::unique_ptr<char, decltype(&g_free)> escaped(
      g_markup_escape_text(text.data(), static_cast<gssize>(text.size())), &g_free);
  return escaped.get();
}

}  // namespace npuwhisper
