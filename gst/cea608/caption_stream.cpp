// SPDX-License-Identifier: LGPL-2.1-or-later
#include "caption_stream.h"

#include <algorithm>
#include <optional>

#include "caption_debug.h"
#include "gst/support/gst_ptr.h"
#include "gst/support/timeline.h"

namespace npuwhisper {
namespace {

using cea608::BytePair;
using cea608::FrameClock;

// The values of the byte before each pair (SMPTE 334-1, annex A). The highest bit is 1 for field 1
// and 0 for field 2. The lowest five bits hold the offset of the line, or 0 if the line does not
// matter.
constexpr guint8 kField1 = 0x80;
constexpr guint8 kField2 = 0x00;
constexpr int kUsualRate[] = {30000, 1001};

CapsPtr choose_caps(GstPad* pad) {
  CapsPtr allowed(gst_pad_get_allowed_caps(pad));
  if (allowed == nullptr) allowed.reset(gst_pad_get_pad_template_caps(pad));
  if (gst_caps_is_empty(allowed.get())) return nullptr;
  CapsPtr caps(gst_caps_truncate(allowed.release()));
  caps.reset(gst_caps_make_writable(caps.release()));
  GstStructure* structure = gst_caps_get_structure(caps.get(), 0);
  gst_structure_fixate_field_string(structure, "format", "raw");
  gst_structure_fixate_field_nearest_fraction(structure, "framerate", kUsualRate[0], kUsualRate[1]);
  caps.reset(gst_caps_fixate(caps.release()));
  return caps;
}

constexpr GstClockTime kEndOfTime = G_MAXINT64;

GstClockTime plus(GstClockTime time, GstClockTime duration) {
  return time >= kEndOfTime || duration >= kEndOfTime - time ? kEndOfTime : time + duration;
}

}  // namespace

CaptionSettings CaptionStream::settings() const {
  const std::scoped_lock lock(mutex_);
  return settings_;
}

GstClockTime CaptionStream::latency() const {
  return settings().needed_lookahead_ms() * GST_MSECOND + frame_duration_;
}

void CaptionStream::take_settings() {
  CaptionSettings settings;
  {
    const std::scoped_lock lock(mutex_);
    if (!changed_) return;
    changed_ = false;
    settings = settings_;
  }
  encoder_.set_layout(settings.layout);
  encoder_.set_timeout(clock_.slots_in(settings.timeout_ms * GST_MSECOND));
  lookahead_ = settings.needed_lookahead_ms() * GST_MSECOND;
}

bool CaptionStream::negotiate() {
  const bool has_caps = gst_pad_has_current_caps(src_) != FALSE;
  if (!gst_pad_check_reconfigure(src_) && has_caps) return true;
  const CapsPtr caps = choose_caps(src_);
  if (caps == nullptr) {
    GST_ERROR_OBJECT(src_, "downstream accepts neither raw nor s334-1a closedcaption/x-cea-608");
    gst_pad_mark_reconfigure(src_);
    return false;
  }
  const GstStructure* structure = gst_caps_get_structure(caps.get(), 0);
  int numerator = 0;
  int denominator = 1;
  gst_structure_get_fraction(structure, "framerate", &numerator, &denominator);
  with_field_ = g_strcmp0(gst_structure_get_string(structure, "format"), "s334-1a") == 0;
  set_framerate(FrameClock(numerator, denominator));

  const CapsPtr current(gst_pad_get_current_caps(src_));
  if (current != nullptr && gst_caps_is_equal(current.get(), caps.get())) return true;
  GST_DEBUG_OBJECT(src_, "caps %" GST_PTR_FORMAT, static_cast<void*>(caps.get()));
  return gst_pad_push_event(src_, gst_event_new_caps(caps.get())) != FALSE;
}

void CaptionStream::set_framerate(const FrameClock& clock) {
  if (clock != clock_) next_frame_ = clock.frame_at(clock_.time_of(next_frame_));
  clock_ = clock;
  encoder_.set_slots_per_second(clock.slots_per_second());
  change_settings([](CaptionSettings&) {});  // Makes take_settings() convert the times again.
  if (frame_duration_.exchange(clock.time_of(1)) == clock.time_of(1)) return;
  GstObject* element = GST_OBJECT_PARENT(src_);
  gst_element_post_message(GST_ELEMENT(element), gst_message_new_latency(element));
}

bool CaptionStream::segment(GstEvent* event) {
  EventPtr owned(event);
  GstSegment segment;
  gst_event_copy_segment(event, &segment);
  if (in_segment_ && same_timing(segment, segment_)) {
    return gst_pad_push_event(src_, owned.release()) != FALSE;
  }
  if (in_segment_ && segment_.rate > 0) advance(position_, 0);
  segment_ = segment;
  in_segment_ = true;
  position_ = segment.start;
  next_frame_ = clock_.frame_at(segment.start);
  discont_ = true;
  return gst_pad_push_event(src_, owned.release()) != FALSE;
}

GstFlowReturn CaptionStream::text(std::string_view utf8, GstClockTime pts, GstClockTime duration) {
  if (!in_segment_) return GST_FLOW_OK;
  take_settings();
  if (segment_.rate < 0) return push_gap(pts, duration);
  const GstClockTime start =
      GST_CLOCK_TIME_IS_VALID(pts) ? std::max(pts, segment_.start) : position_;
  std::optional<GstClockTime> end;
  if (GST_CLOCK_TIME_IS_VALID(duration) && duration > 0) {
    end = plus(GST_CLOCK_TIME_IS_VALID(pts) ? pts : position_, std::min(duration, kLongestFill));
    if (*end <= segment_.start) return GST_FLOW_OK;
  }
  if (const GstFlowReturn flow = advance(start, lookahead_); flow != GST_FLOW_OK) return flow;

  const guint64 first = std::max(clock_.frame_at(start), next_frame_);
  std::optional<guint64> slots;
  if (end) slots = clock_.slots_between(first, clock_.frame_at(*end));
  encoder_.add(utf8, clock_.slots_between(next_frame_, first), slots);
  return advance(end.value_or(start), lookahead_);
}

GstFlowReturn CaptionStream::gap(GstClockTime pts, GstClockTime duration) {
  if (!in_segment_) return GST_FLOW_OK;
  take_settings();
  if (segment_.rate < 0) return push_gap(pts, duration);
  if (!GST_CLOCK_TIME_IS_VALID(pts)) return GST_FLOW_OK;
  return advance(GST_CLOCK_TIME_IS_VALID(duration) ? plus(pts, duration) : pts, lookahead_);
}

GstFlowReturn CaptionStream::drain() {
  if (!in_segment_) return GST_FLOW_OK;
  take_settings();
  if (segment_.rate < 0) return GST_FLOW_OK;
  GstFlowReturn flow = advance(position_, 0);
  encoder_.finish();
  while (flow == GST_FLOW_OK && !encoder_.idle()) flow = push_frame();
  position_ = std::max(position_, clock_.time_of(next_frame_));
  return flow;
}

void CaptionStream::reset() {
  encoder_.reset();
  in_segment_ = false;
  gst_segment_init(&segment_, GST_FORMAT_TIME);
  position_ = 0;
  next_frame_ = 0;
  discont_ = true;
}

GstFlowReturn CaptionStream::advance(GstClockTime to, GstClockTime lookahead) {
  position_ = std::max(position_, to);
  if (position_ < lookahead) return GST_FLOW_OK;
  const guint64 end = clock_.frame_at(position_ - lookahead);
  const guint64 longest_fill = clock_.frame_at(kLongestFill);
  while (next_frame_ < end) {
    if (end - next_frame_ > longest_fill && encoder_.idle()) {
      if (const GstFlowReturn flow = skip(end - longest_fill); flow != GST_FLOW_OK) return flow;
    }
    if (const GstFlowReturn flow = push_frame(); flow != GST_FLOW_OK) return flow;
  }
  return GST_FLOW_OK;
}

GstFlowReturn CaptionStream::skip(guint64 to_frame) {
  const GstClockTime pts = clock_.time_of(next_frame_);
  next_frame_ = to_frame;
  discont_ = true;
  return push_gap(pts, clock_.time_of(to_frame) - pts);
}

GstFlowReturn CaptionStream::push_gap(GstClockTime pts, GstClockTime duration) {
  if (!GST_CLOCK_TIME_IS_VALID(pts)) return GST_FLOW_OK;
  GST_DEBUG_OBJECT(src_, "no frames from %" GST_TIME_FORMAT " for %" GST_TIME_FORMAT,
                   GST_TIME_ARGS(pts), GST_TIME_ARGS(duration));
  // If the peer refuses the GAP, the push of the next buffer returns the reason.
  const bool pushed = gst_pad_push_event(src_, gst_event_new_gap(pts, duration)) != FALSE;
  return pushed || !GST_PAD_IS_FLUSHING(src_) ? GST_FLOW_OK : GST_FLOW_FLUSHING;
}

GstFlowReturn CaptionStream::push_frame() {
  const guint64 frame = next_frame_++;
  const GstClockTime pts = clock_.time_of(frame);
  const GstClockTime duration = clock_.time_of(frame + 1) - pts;
  const bool is_slot = clock_.is_slot(frame);
  // All raw pairs belong to field 1, so padding in this frame would displace the next frame's pair.
  if (!is_slot && !with_field_) return push_gap(pts, duration);
  const BytePair pair = is_slot ? encoder_.next() : cea608::kPadding;
  const guint8 bytes[] = {is_slot ? kField1 : kField2, pair.first, pair.second};
  const gsize offset = with_field_ ? 0 : 1;

  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, sizeof bytes - offset, nullptr);
  gst_buffer_fill(buffer, 0, bytes + offset, sizeof bytes - offset);
  GST_BUFFER_PTS(buffer) = pts;
  GST_BUFFER_DURATION(buffer) = duration;
  if (discont_) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  discont_ = false;
  return gst_pad_push(src_, buffer);
}

}  // namespace npuwhisper
