// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cues.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/trim.h"

namespace npuwhisper {
namespace {

using std::chrono::nanoseconds;

// The latest time that is passed to CaptionMaker, 146 years. CaptionMaker adds seconds to signed
// times, so later times could overflow.
constexpr GstClockTime kEndOfTime = GstClockTime{1} << 62;

nanoseconds to_chrono(GstClockTime time) {
  return nanoseconds(static_cast<std::int64_t>(std::min(time, kEndOfTime)));
}

GstClockTime from_chrono(nanoseconds time) {
  return static_cast<GstClockTime>(std::max<std::int64_t>(time.count(), 0));
}

}  // namespace

Speech speech_of(const Segment& segment, const Timeline& timeline, const CueFormat& format) {
  Speech speech;
  speech.language = segment.language;
  speech.format = format;
  const auto say = [&](std::int64_t start, std::int64_t end, const std::string& text) {
    speech.texts.push_back(
        {to_chrono(timeline.time_of(start)), to_chrono(timeline.time_of(end)), text});
  };
  const bool by_word = format.mode == OutputMode::Word || format.makes_captions();
  if (by_word && !segment.words.empty()) {
    for (const Word& word : segment.words) say(word.start, word.end, word.text);
  } else {
    say(segment.start, segment.end, segment.text);
  }
  return speech;
}

void CueMaker::set_segment(const GstSegment& segment) {
  earliest_ = segment.start;
  known_ = segment.start;
  stop_ = segment.stop;
  if (captions_) captions_->restart(to_chrono(earliest_));
}

void CueMaker::raise_earliest(GstClockTime to) {
  earliest_ = std::max(earliest_, to);
  if (captions_) captions_->raise_floor(to_chrono(earliest_));
}

GstClockTime CueMaker::pending() const {
  const auto start = captions_ ? captions_->pending() : std::nullopt;
  return start ? from_chrono(*start) : GST_CLOCK_TIME_NONE;
}

std::vector<Cue> CueMaker::add(const Speech& speech) {
  std::vector<Cue> cues;
  if (speech.format != format_) {
    cues = flush();
    change_format(speech.format);
  }
  if (captions_) {
    captions_->add(speech.texts, speech.language);
    take(cues, captions_->take(to_chrono(known_)));
    return cues;
  }
  for (const SpokenText& text : speech.texts) {
    const GstClockTime end = from_chrono(text.end);
    add(cues, {.start = from_chrono(text.start), .end = end, .spoken = end, .text = text.text});
  }
  return cues;
}

std::vector<Cue> CueMaker::advance(GstClockTime known) {
  std::vector<Cue> cues;
  known_ = std::max(known_, known);
  if (captions_) take(cues, captions_->take(to_chrono(known_)));
  return cues;
}

std::vector<Cue> CueMaker::leave(GstClockTime due) {
  std::vector<Cue> cues;
  if (captions_) take(cues, captions_->take(to_chrono(known_), to_chrono(due)));
  return cues;
}

std::vector<Cue> CueMaker::flush() {
  std::vector<Cue> cues;
  if (captions_) take(cues, captions_->flush());
  return cues;
}

std::vector<Cue> CueMaker::flush_before(const Speech& next) {
  if (next.texts.empty()) return flush();
  std::vector<Cue> cues;
  if (captions_) take(cues, captions_->flush_before(next.texts.front().start));
  return cues;
}

void CueMaker::change_format(const CueFormat& format) {
  format_ = format;
  captions_ = format.makes_captions() ? CaptionMaker::create(format.captions) : nullptr;
  if (captions_) captions_->restart(to_chrono(earliest_));
}

void CueMaker::take(std::vector<Cue>& cues, const std::vector<Caption>& captions) {
  for (const Caption& caption : captions) {
    add(cues, {.start = from_chrono(caption.start),
               .end = from_chrono(caption.end),
               .spoken = caption.spoken ? from_chrono(*caption.spoken) : GST_CLOCK_TIME_NONE,
               .text = caption.text});
  }
}

void CueMaker::add(std::vector<Cue>& cues, Cue cue) {
  cue.text = std::string(trim(cue.text));
  if (cue.text.empty()) return;
  if (GST_CLOCK_TIME_IS_VALID(stop_)) cue.end = std::min(cue.end, stop_);
  cue.start = std::max(cue.start, earliest_);
  cue.end = std::max(cue.end, cue.start + kShortest);
  earliest_ = cue.end;
  cues.push_back(std::move(cue));
}

std::string escape_markup(std::string_view text) {
  const std::unique_ptr<char, decltype(&g_free)> escaped(
      g_markup_escape_text(text.data(), static_cast<gssize>(text.size())), &g_free);
  return escaped.get();
}

}  // namespace npuwhisper
