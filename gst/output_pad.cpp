// SPDX-License-Identifier: LGPL-2.1-or-later
#include "output_pad.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "debug.h"
#include "sticky_events.h"

namespace npuwhisper {
namespace {

constexpr std::size_t kMaxItems = 64;
constexpr auto kTick = std::chrono::milliseconds(100);

bool is_fatal(GstFlowReturn flow) {
  return flow == GST_FLOW_NOT_NEGOTIATED || flow <= GST_FLOW_ERROR;
}

bool survives_flush(const OutputPad::Item& item) {
  const auto* event = std::get_if<EventPtr>(&item);
  return event != nullptr && npuwhisper::survives_flush(event->get());
}

}  // namespace

OutputPad::OutputPad(GstElement* element, Content content, const Latency& latency,
                     Counters& counters)
    : element_(element), content_(content), latency_(latency), counters_(counters) {}

void OutputPad::attach(GstPad* pad) {
  PadPtr old(GST_PAD(gst_object_ref(pad)));
  const std::scoped_lock lock(mutex_);
  std::swap(pad_, old);
}

PadPtr OutputPad::ref_pad() const {
  const std::scoped_lock lock(mutex_);
  return PadPtr(pad_ ? GST_PAD(gst_object_ref(pad_.get())) : nullptr);
}

bool OutputPad::activate(bool active) {
  {
    const std::scoped_lock lock(mutex_);
    active_ = active;
    flushing_ = false;
    items_.clear();
    last_flow_ = active ? GST_FLOW_OK : GST_FLOW_FLUSHING;
    changed_.notify_all();
  }
  if (!active) return gst_pad_stop_task(pad_.get()) != FALSE;
  in_segment_ = false;
  needs_sticky_events_ = true;
  return gst_pad_start_task(pad_.get(), run, this, nullptr) != FALSE;
}

bool OutputPad::active() const {
  const std::scoped_lock lock(mutex_);
  return active_;
}

void OutputPad::set_epoch(std::uint64_t epoch) {
  const std::scoped_lock lock(mutex_);
  epoch_ = epoch;
}

void OutputPad::write(std::uint64_t epoch, Item item) {
  std::unique_lock lock(mutex_);
  const bool survives = survives_flush(item);
  const auto wanted = [&] { return active_ && (survives || (!flushing_ && epoch == epoch_)); };
  if (!wanted()) return;
  if (const auto* advance = std::get_if<Advance>(&item); advance != nullptr && !items_.empty()) {
    if (auto* last = std::get_if<Advance>(&items_.back())) {
      last->to = std::max(last->to, advance->to);
      return;
    }
  }
  changed_.wait(lock, [&] { return items_.size() < kMaxItems || flushing_ || !wanted(); });
  if (!wanted()) return;
  items_.push_back(std::move(item));
  changed_.notify_all();
}

void OutputPad::flush_start(GstEvent* event) {
  {
    const std::scoped_lock lock(mutex_);
    flushing_ = true;
    changed_.notify_all();
  }
  if (const PadPtr pad = ref_pad()) gst_pad_push_event(pad.get(), gst_event_ref(event));
}

void OutputPad::flush_stop(GstEvent* event, std::uint64_t epoch) {
  const PadPtr pad = ref_pad();
  // The task ends by itself: downstream is flushing, and so are we.
  if (pad && active()) gst_pad_pause_task(pad.get());
  if (pad) gst_pad_push_event(pad.get(), gst_event_ref(event));
  {
    const std::scoped_lock lock(mutex_);
    epoch_ = epoch;
    flushing_ = false;
    std::erase_if(items_, [](const Item& item) { return !survives_flush(item); });
    if (!active_) return;
    last_flow_ = GST_FLOW_OK;
  }
  in_segment_ = false;
  gst_pad_start_task(pad.get(), run, this, nullptr);
}

void OutputPad::run(gpointer self) {
  static_cast<OutputPad*>(self)->iterate();
}

void OutputPad::iterate() {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !items_.empty() || flushing_ || !active_; };
  if (latency_.live() && in_segment_) {
    changed_.wait_until(lock, next_tick_, ready);
  } else {
    changed_.wait(lock, ready);
  }
  if (flushing_ || !active_) {
    lock.unlock();
    gst_pad_pause_task(pad_.get());
    return;
  }
  std::optional<Item> item;
  if (!items_.empty()) {
    item = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
  }
  lock.unlock();

  if (item) std::visit([this](const auto& it) { push(it); }, *item);

  const auto now = std::chrono::steady_clock::now();
  if (now < next_tick_) return;
  {
    // Where downstream has kept us waiting, text is late. It goes before the GAP that says that
    // there is none, or it would lose its times.
    const std::scoped_lock look(mutex_);
    if (!items_.empty()) return;
  }
  next_tick_ = now + kTick;
  if (!in_segment_) return;
  const GstClockTime deadline = latency_.deadline(element_, segment_);
  if (GST_CLOCK_TIME_IS_VALID(deadline)) push_gap(deadline);
}

void OutputPad::push(const TimedText& text) {
  if (gst_pad_check_reconfigure(pad_.get()) && !negotiate()) {
    gst_pad_mark_reconfigure(pad_.get());
    last_flow_ = GST_FLOW_NOT_NEGOTIATED;
  } else {
    const std::string& plain = text.cue.text;
    const std::string bytes = markup_ ? escape_markup(plain) : plain;
    GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
    const GstClockTime start = std::max(text.cue.start, position_);
    position_ = std::max(text.cue.end, start + CueMaker::kShortest);
    GST_BUFFER_PTS(buffer) = start;
    GST_BUFFER_DURATION(buffer) = position_ - start;
    if (text.discont) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    const GstClockTime delay = latency_.delay_of(element_, segment_, text.cue.start);
    if (content_ == Content::Text) counters_.cues.fetch_add(1, std::memory_order_relaxed);
    last_flow_ = gst_pad_push(pad_.get(), buffer);
    if (GST_CLOCK_TIME_IS_VALID(delay) && delay > longest_delay_) {
      longest_delay_ = delay;
      if (on_late_) on_late_(delay);
    }
  }
  if (const GstFlowReturn flow = last_flow_; is_fatal(flow)) {
    GST_ELEMENT_FLOW_ERROR(element_, flow);
  }
}

void OutputPad::push(const Advance& advance) {
  if (in_segment_) push_gap(advance.to);
}

void OutputPad::push_gap(GstClockTime to) {
  if (GST_CLOCK_TIME_IS_VALID(segment_.stop)) to = std::min(to, segment_.stop);
  if (to <= position_) return;
  GstEvent* gap = gst_event_new_gap(position_, to - position_);
  gst_event_set_seqnum(gap, segment_seqnum_);
  position_ = to;
  counters_.gaps.fetch_add(1, std::memory_order_relaxed);
  gst_pad_push_event(pad_.get(), gap);
}

void OutputPad::push(const EventPtr& event) {
  switch (GST_EVENT_TYPE(event.get())) {
    case GST_EVENT_STREAM_START:
      in_segment_ = false;
      gst_pad_push_event(pad_.get(), stream_start(event.get()).release());
      gst_pad_check_reconfigure(pad_.get());
      if (!negotiate()) gst_pad_mark_reconfigure(pad_.get());
      return;
    case GST_EVENT_SEGMENT: {
      GstSegment segment;
      gst_event_copy_segment(event.get(), &segment);
      if (!in_segment_ || !same_timing(segment, segment_)) position_ = segment.start;
      segment_ = segment;
      segment_seqnum_ = gst_event_get_seqnum(event.get());
      // Backwards there is no text (see the worker), so nothing to tell the progress of.
      in_segment_ = segment_.rate > 0;
      break;
    }
    case GST_EVENT_EOS:
    case GST_EVENT_SEGMENT_DONE:
      in_segment_ = false;
      break;
    default:
      break;
  }
  gst_pad_push_event(pad_.get(), gst_event_ref(event.get()));
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
    GST_WARNING_OBJECT(pad_.get(), "downstream takes %" GST_PTR_FORMAT ", we make %" GST_PTR_FORMAT,
                       static_cast<void*>(allowed.get()), static_cast<void*>(templ.get()));
    return false;
  }
  return gst_pad_push_event(pad_.get(), gst_event_new_caps(caps.get())) != FALSE ||
         !gst_pad_is_linked(pad_.get());
}

// The text is a stream of its own: it gets its own id, and keeps group, flags and seqnum.
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
