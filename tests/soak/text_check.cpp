// SPDX-License-Identifier: LGPL-2.1-or-later
#include "text_check.h"

#include <algorithm>

namespace npuwhisper::soak {
namespace {

constexpr std::size_t kMostWords = 150, kMostForgiven = 50;
// Maximum error of a word's times. Word times are multiples of 20 ms, and the mel window widens a
// tone by 20 ms on both sides.
constexpr GstClockTime kTolerance = 300 * GST_MSECOND;
constexpr std::size_t kMostComplaints = 10;

GstClockTime distance(GstClockTime a, GstClockTime b) {
  return a > b ? a - b : b - a;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first);
}

double in_seconds(GstClockTime time) {
  return static_cast<double>(time) / GST_SECOND;
}

}  // namespace

TextCheck::TextCheck(GstPad* pad, GstElement* element, bool knows_words)
    : pad_(pad), element_(element), knows_words_(knows_words) {
  gst_segment_init(&segment_, GST_FORMAT_TIME);
  probe_ = gst_pad_add_probe(
      pad_,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      &TextCheck::probe, this, nullptr);
}

TextCheck::~TextCheck() {
  gst_pad_remove_probe(pad_, probe_);
}

void TextCheck::said(const std::string& text, GstClockTime start, GstClockTime end) {
  const std::scoped_lock lock(mutex_);
  words_.push_back({trimmed(text), start, end});
  forget(kMostWords, GST_CLOCK_TIME_NONE);
}

void TextCheck::forgive(GstClockTime start, GstClockTime end) {
  const std::scoped_lock lock(mutex_);
  forgiven_.push_back({start, end});
  if (forgiven_.size() > kMostForgiven) forgiven_.pop_front();
}

void TextCheck::flushed(GstClockTime now, GstClockTime latency) {
  const std::scoped_lock lock(mutex_);
  forget(0, now > latency ? now - latency : 0);
  forgiven_.clear();
}

TextCheck::Totals TextCheck::totals() const {
  const std::scoped_lock lock(mutex_);
  Totals totals = totals_;
  if (totals.words > 0) totals.mean_delay = delays_ / static_cast<double>(totals.words);
  return totals;
}

GstClockTime TextCheck::covered() const {
  const std::scoped_lock lock(mutex_);
  return covered_;
}

std::vector<std::string> TextCheck::complaints() const {
  const std::scoped_lock lock(mutex_);
  return complaints_;
}

// Removes the oldest words until `most` are left. A removed word counts as lost if it ended by
// `due` and its text has not arrived, unless errors at its time are ignored.
void TextCheck::forget(std::size_t most, GstClockTime due) {
  while (words_.size() > most) {
    const Word& word = words_.front();
    if (!word.came && word.end <= due && !forgiven(word.start, word.end)) {
      ++totals_.lost;
      complain("lost '" + word.text + "' at " + std::to_string(in_seconds(word.start)));
    }
    words_.pop_front();
  }
}

bool TextCheck::forgiven(GstClockTime start, GstClockTime end) const {
  return std::any_of(forgiven_.begin(), forgiven_.end(),
                     [&](const Span& span) { return start <= span.end && end >= span.start; });
}

void TextCheck::complain(const std::string& text) {
  if (complaints_.size() < kMostComplaints) complaints_.push_back(text);
}

GstPadProbeReturn TextCheck::probe(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& check = *static_cast<TextCheck*>(self);
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    check.take(GST_PAD_PROBE_INFO_BUFFER(info));
  } else {
    check.take(GST_PAD_PROBE_INFO_EVENT(info));
  }
  return GST_PAD_PROBE_OK;
}

void TextCheck::take(GstEvent* event) {
  const std::scoped_lock lock(mutex_);
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
    gst_event_copy_segment(event, &segment_);
    // After a flush, the element sends no text for the time before the new segment.
    covered_ = std::max(covered_, segment_.base);
  } else if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
    GstClockTime start = 0, duration = 0;
    gst_event_parse_gap(event, &start, &duration);
    ++totals_.gaps;
    const GstClockTime end = GST_CLOCK_TIME_IS_VALID(duration) ? start + duration : start;
    const GstClockTime running = gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, end);
    if (GST_CLOCK_TIME_IS_VALID(running)) covered_ = std::max(covered_, running);
  }
}

void TextCheck::take(GstBuffer* buffer) {
  std::string text(gst_buffer_get_size(buffer), '\0');
  gst_buffer_extract(buffer, 0, text.data(), text.size());
  const GstClockTime start = GST_BUFFER_PTS(buffer);
  const GstClockTime end = start + GST_BUFFER_DURATION(buffer);
  const GstClockTime now = gst_element_get_current_running_time(element_);

  const std::scoped_lock lock(mutex_);
  ++totals_.words;
  const GstClockTime running_start = gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, start);
  const GstClockTime running_end = gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, end);
  if (!GST_CLOCK_TIME_IS_VALID(running_start) || running_start < last_end_) {
    ++totals_.backwards;
    complain("backwards: '" + text + "' at running time " +
             std::to_string(in_seconds(running_start)) + ", after " +
             std::to_string(in_seconds(last_end_)));
  }
  if (GST_CLOCK_TIME_IS_VALID(running_end)) {
    last_end_ = running_end;
    covered_ = std::max(covered_, running_end);
    const double delay = now > running_end ? in_seconds(now - running_end) : 0;
    delays_ += delay;
    totals_.max_delay = std::max(totals_.max_delay, delay);
  }
  if (knows_words_) compare(trimmed(text), start, end);
}

void TextCheck::compare(const std::string& text, GstClockTime start, GstClockTime end) {
  bool repeats = false;
  for (Word& word : words_) {
    if (word.text != text || distance(word.start, start) > kTolerance) {
      continue;
    }
    if (!word.came) {
      word.came = true;
      ++totals_.heard;
      return;
    }
    repeats = true;
  }
  if (forgiven(start, end)) return;
  ++(repeats ? totals_.repeated : totals_.wrong);
  complain((repeats ? "repeated '" : "wrong '") + text + "' at " +
           std::to_string(in_seconds(start)));
}

}  // namespace npuwhisper::soak
