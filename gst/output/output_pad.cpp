// SPDX-License-Identifier: LGPL-2.1-or-later
#include "output_pad.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "gst/support/debug.h"
#include "gst/support/sticky_events.h"

namespace npuwhisper {
namespace {

constexpr std::size_t kMaxItems = 64;
// The limit of items for Json on a live pad. It exceeds the number of results within the longest
// latency. Drafts and advances do not count.
constexpr std::size_t kMaxLiveItems = 1024;
constexpr auto kTick = std::chrono::milliseconds(100);
constexpr GstClockTime kTickTime = kTick / std::chrono::nanoseconds(1);

// Returns whether `event` ends the speech. Other events may come in the middle of a caption.
bool ends_speech(const GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_SEGMENT_DONE:
    case GST_EVENT_STREAM_GROUP_DONE:
    case GST_EVENT_EOS:
      return true;
    default:
      return false;
  }
}

bool survives_flush(const OutputPad::Item& item) {
  const auto* event = std::get_if<EventPtr>(&item);
  return event != nullptr && npuwhisper::survives_flush(event->get());
}

// Returns whether an item counts towards kMaxLiveItems and is dropped only when that limit is
// reached. Other items need no limit: a Draft is replaced by the next Draft, and there are never
// more advances than other items.
bool is_lasting(const OutputPad::Item& item) {
  return !std::holds_alternative<OutputPad::Draft>(item) &&
         !std::holds_alternative<OutputPad::Advance>(item);
}

void merge(OutputPad::Advance& earlier, const OutputPad::Advance& later) {
  earlier.to = std::max(earlier.to, later.to);
  earlier.due = std::max(earlier.due, later.due);
}

}  // namespace

OutputPad::OutputPad(GstElement* element, Content content, const Latency& latency,
                     Counters& counters)
    : SourceTask(element), content_(content), latency_(latency), counters_(counters) {
  gst_segment_init(&segment_, GST_FORMAT_TIME);
}

void OutputPad::begin_task() {
  in_segment_ = false;
  cues_ = CueMaker();
  discont_ = false;
  longest_delay_ = 0;
}

void OutputPad::queue_event(EventPtr event) {
  items_.emplace_back(std::move(event));
}

void OutputPad::forget_all() {
  items_.clear();
}

void OutputPad::forget_epoch() {
  std::erase_if(items_, [](const Item& item) { return !survives_flush(item); });
}

void OutputPad::write(std::uint64_t epoch, Item item) {
  std::unique_lock lock(mutex_);
  const bool survives = survives_flush(item);
  const auto is_current = [&] { return survives || (!flushing_ && epoch == epoch_); };
  const auto wanted = [&] { return active_ && is_current(); };
  const auto note = [&] {
    const auto* event = std::get_if<EventPtr>(&item);
    if (event != nullptr && is_current()) note_written(*event);
  };
  if (!wanted()) {
    note();
    return;
  }
  // On the text pad, an Advance that makes captions due is never merged into an earlier Advance.
  // Captions depend on each such step, so the steps must not depend on the speed of the pad's
  // thread.
  const auto* advance = std::get_if<Advance>(&item);
  const bool may_merge = advance != nullptr && (advance->due == 0 || content_ == Content::Json);
  if (may_merge && !items_.empty()) {
    if (auto* last = std::get_if<Advance>(&items_.back())) {
      merge(*last, *advance);
      return;
    }
  }
  const bool is_draft = std::holds_alternative<Draft>(item);
  if (is_draft) forget_draft();
  const auto may_drop = [&] { return content_ == Content::Json && latency_.live(); };
  changed_.wait(lock, [&] {
    return items_.size() < kMaxItems || is_draft || may_drop() || flushing_ || !wanted();
  });
  note();
  if (!wanted()) return;
  const bool full = is_lasting(item) && n_lasting() >= kMaxLiveItems;
  const bool first = full && drop_oldest() && !std::exchange(drops_, true);
  items_.push_back(std::move(item));
  changed_.notify_all();
  lock.unlock();
  if (!first) return;
  GST_ELEMENT_WARNING(element_, RESOURCE, BUSY,
                      ("Downstream of unsynced_src does not accept results: dropping the oldest"),
                      ("the element linked to it blocks; text on src continues"));
}

// Returns the number of queued items for which is_lasting() is true. The caller holds the mutex.
std::size_t OutputPad::n_lasting() const {
  return static_cast<std::size_t>(std::count_if(items_.begin(), items_.end(), is_lasting));
}

// Removes the queued draft. The queue holds at most one draft. The caller holds the mutex.
void OutputPad::forget_draft() {
  const auto draft = std::find_if(items_.begin(), items_.end(), [](const Item& item) {
    return std::holds_alternative<Draft>(item);
  });
  if (draft == items_.end()) return;
  counters_.replaced_partial_results.fetch_add(1, std::memory_order_relaxed);
  erase(draft);
}

// Drops the oldest item for which is_lasting() is true. Drops a sticky event only if there is no
// other such item. Returns true if the dropped item is a result. The caller holds the mutex.
bool OutputPad::drop_oldest() {
  auto dropped = std::find_if(items_.begin(), items_.end(), [](const Item& item) {
    const auto* event = std::get_if<EventPtr>(&item);
    return is_lasting(item) && (event == nullptr || !GST_EVENT_IS_STICKY(event->get()));
  });
  if (dropped == items_.end()) dropped = std::find_if(items_.begin(), items_.end(), is_lasting);
  const bool is_result = std::holds_alternative<TimedText>(*dropped);
  if (is_result) {
    counters_.dropped_results.fetch_add(1, std::memory_order_relaxed);
    const auto next = std::find_if(dropped + 1, items_.end(), [](const Item& item) {
      return std::holds_alternative<TimedText>(item);
    });
    if (next != items_.end()) std::get<TimedText>(*next).discont = true;
  }
  erase(dropped);
  return is_result;
}

// Removes `item`. If the item was between two advances, merges the two advances. Without the merge,
// each replacement of a draft could add an advance to the queue. The caller holds the mutex.
void OutputPad::erase(std::deque<Item>::iterator item) {
  const auto next = items_.erase(item);
  if (next == items_.begin() || next == items_.end()) return;
  auto* earlier = std::get_if<Advance>(&*std::prev(next));
  const auto* later = std::get_if<Advance>(&*next);
  if (earlier == nullptr || later == nullptr) return;
  merge(*earlier, *later);
  items_.erase(next);
}

void OutputPad::iterate() {
  std::unique_lock lock(mutex_);
  const bool live = latency_.live();
  const auto ready = [&] { return !items_.empty() || is_called() || live != latency_.live(); };
  if (live && in_segment_) {
    changed_.wait_until(lock, next_tick_, ready);
  } else {
    changed_.wait(lock, ready);
  }
  if (is_idle()) {
    lock.unlock();
    pause();
    return;
  }
  std::optional<Item> item;
  if (!items_.empty()) {
    item = std::move(items_.front());
    items_.pop_front();
    drops_ = false;
    changed_.notify_all();
  }
  lock.unlock();

  if (item) {
    if (in_segment_ && lateness_ != latency_.lateness()) push_segment();
    std::visit([this](const auto& it) { push(it); }, *item);
  }

  const auto now = std::chrono::steady_clock::now();
  if (now < next_tick_) return;
  {
    // If downstream has blocked this thread, text is late. Late text must be sent before a GAP
    // reports that there is no text. Otherwise, the text would be moved to a time after that GAP.
    const std::scoped_lock look(mutex_);
    if (!items_.empty()) return;
  }
  next_tick_ = now + kTick;
  if (!in_segment_) return;
  const GstClockTime deadline = latency_.deadline(element_, segment_, lateness_);
  if (!GST_CLOCK_TIME_IS_VALID(deadline)) return;
  // Captions that would be due before the next tick are sent now.
  push(cues_.leave(deadline + kTickTime));
  push_gap(deadline);
}

bool OutputPad::is_negotiated() {
  if (!gst_pad_check_reconfigure(pad_.get()) || negotiate()) return true;
  gst_pad_mark_reconfigure(pad_.get());
  note_flow(GST_FLOW_NOT_NEGOTIATED);
  return false;
}

void OutputPad::push(const TimedText& text) {
  if (!is_negotiated()) return;
  const std::string& plain = text.cue.text;
  const std::string bytes = markup_ ? escape_markup(plain) : plain;
  GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
  const GstClockTime start = std::max(text.cue.start, position_);
  position_ = std::max(text.cue.end, start + CueMaker::kShortest);
  GST_BUFFER_PTS(buffer) = start;
  GST_BUFFER_DURATION(buffer) = position_ - start;
  if (text.discont) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  const GstClockTime delay = latency_.delay_of(element_, segment_, text.cue.spoken);
  if (content_ == Content::Text) counters_.cues.fetch_add(1, std::memory_order_relaxed);
  push_buffer(buffer);
  if (GST_CLOCK_TIME_IS_VALID(delay) && delay > longest_delay_) {
    longest_delay_ = delay;
    if (on_late_) on_late_(delay);
  }
}

void OutputPad::push(const SpeechItem& item) {
  if (item.discont) {
    push(cues_.flush_before(item.speech));
    discont_ = true;
  }
  push(cues_.add(item.speech));
}

void OutputPad::push(const std::vector<Cue>& cues) {
  for (const Cue& cue : cues) push(TimedText{cue, std::exchange(discont_, false)});
}

void OutputPad::push(const Draft& draft) {
  if (!in_segment_ || !is_negotiated()) return;
  GstBuffer* buffer = gst_buffer_new_memdup(draft.cue.text.data(), draft.cue.text.size());
  GST_BUFFER_PTS(buffer) = std::max(draft.cue.start, position_);
  push_buffer(buffer);
}

void OutputPad::push(const Advance& advance) {
  if (!in_segment_) return;
  push(cues_.advance(advance.to));
  if (advance.due > 0) push(cues_.leave(advance.due));
  push_gap(advance.to);
}

void OutputPad::push_gap(GstClockTime to) {
  if (GST_CLOCK_TIME_IS_VALID(segment_.stop)) to = std::min(to, segment_.stop);
  if (const GstClockTime text = cues_.pending(); GST_CLOCK_TIME_IS_VALID(text)) {
    // A sink would wait for a GAP of less than one tick, and the wait would delay the next text.
    if (text <= to && text < position_ + kTickTime) return;
    to = std::min(to, text);
  }
  if (to <= position_) return;
  GstEvent* gap = gst_event_new_gap(position_, to - position_);
  gst_event_set_seqnum(gap, segment_seqnum_);
  position_ = to;
  cues_.raise_earliest(to);
  counters_.gaps.fetch_add(1, std::memory_order_relaxed);
  push_event(gap);
}

void OutputPad::push(const EventPtr& event) {
  if (ends_speech(event.get())) push(cues_.flush());
  switch (GST_EVENT_TYPE(event.get())) {
    case GST_EVENT_STREAM_START:
      in_segment_ = false;
      push_event(stream_start(event.get()).release());
      gst_pad_check_reconfigure(pad_.get());
      if (!negotiate()) gst_pad_mark_reconfigure(pad_.get());
      return;
    case GST_EVENT_SEGMENT: {
      GstSegment segment;
      gst_event_copy_segment(event.get(), &segment);
      if (!in_segment_ || !same_timing(segment, segment_)) {
        position_ = segment.start;
        cues_.set_segment(segment);
      }
      segment_ = segment;
      segment_seqnum_ = gst_event_get_seqnum(event.get());
      // There is no text in reverse playback (see the worker), so there is no progress to report.
      in_segment_ = segment_.rate > 0;
      push_segment();
      return;
    }
    case GST_EVENT_EOS:
    case GST_EVENT_SEGMENT_DONE:
      in_segment_ = false;
      break;
    default:
      break;
  }
  push_event(gst_event_ref(event.get()));
}

void OutputPad::push_segment() {
  lateness_ = latency_.lateness();
  GstSegment late = segment_;
  late.base += lateness_;
  GstEvent* event = gst_event_new_segment(&late);
  gst_event_set_seqnum(event, segment_seqnum_);
  push_event(event);
}

bool OutputPad::negotiate() {
  const CapsPtr templ(gst_pad_get_pad_template_caps(pad_.get()));
  const CapsPtr allowed(gst_pad_peer_query_caps(pad_.get(), templ.get()));
  CapsPtr caps(gst_caps_copy(templ.get()));
  if (content_ == Content::Text) {
    caps.reset(gst_caps_new_simple("text/x-raw", "format", G_TYPE_STRING, "utf8", nullptr));
    markup_ = !gst_caps_can_intersect(allowed.get(), caps.get());
    if (markup_) {
      gst_caps_set_simple(caps.get(), "format", G_TYPE_STRING, "pango-markup", nullptr);
    }
  }
  if (!gst_caps_can_intersect(allowed.get(), caps.get())) {
    GST_WARNING_OBJECT(pad_.get(),
                       "downstream accepts %" GST_PTR_FORMAT ", this pad produces %" GST_PTR_FORMAT,
                       static_cast<void*>(allowed.get()), static_cast<void*>(templ.get()));
    return false;
  }
  return push_event(gst_event_new_caps(caps.get())) || !gst_pad_is_linked(pad_.get());
}

// Returns the STREAM_START of the text's own stream. The event has its own id, the flag SPARSE, and
// upstream's group, other flags and seqnum.
EventPtr OutputPad::stream_start(GstEvent* upstream) const {
  const gchar* upstream_id = nullptr;
  gst_event_parse_stream_start(upstream, &upstream_id);
  const std::string id = std::string(upstream_id) + "/npuwhisper-" + GST_PAD_NAME(pad_.get());
  EventPtr event(gst_event_new_stream_start(id.c_str()));
  GstStreamFlags flags = GST_STREAM_FLAG_NONE;
  gst_event_parse_stream_flags(upstream, &flags);
  gst_event_set_stream_flags(event.get(),
                             static_cast<GstStreamFlags>(flags | GST_STREAM_FLAG_SPARSE));
  if (guint group = 0; gst_event_parse_group_id(upstream, &group)) {
    gst_event_set_group_id(event.get(), group);
  }
  gst_event_set_seqnum(event.get(), gst_event_get_seqnum(upstream));
  return event;
}

}  // namespace npuwhisper
