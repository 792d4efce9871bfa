// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sticky_events.h"

#include <algorithm>
#include <limits>

namespace npuwhisper {
namespace {

guint order_of(const EventPtr& event) {
  const GstEventType type = GST_EVENT_TYPE(event.get());
  if (type == GST_EVENT_EOS) return std::numeric_limits<guint>::max();
  return gst_event_type_to_sticky_ordering(type);
}

bool is_of_one_stream(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return type == GST_EVENT_STREAM_START || type == GST_EVENT_STREAM_GROUP_DONE ||
         type == GST_EVENT_TAG || type == GST_EVENT_EOS;
}

bool has_name(GstEventType type) {
  const auto flags = static_cast<unsigned>(type);
  return (flags & static_cast<unsigned>(GST_EVENT_TYPE_STICKY_MULTI)) != 0 ||
         type == GST_EVENT_CUSTOM_DOWNSTREAM || type == GST_EVENT_CUSTOM_BOTH;
}

}  // namespace

std::optional<GstSegment> segment_of(GstPad* pad) {
  const EventPtr event(gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0));
  if (!event) return std::nullopt;
  GstSegment segment;
  gst_event_copy_segment(event.get(), &segment);
  return segment;
}

EventKind kind_of(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  if (!has_name(type)) return {type, 0};
  // The event is only read, but GStreamer's function takes no pointer to const.
  const GstStructure* fields = gst_event_get_structure(const_cast<GstEvent*>(event));
  return {type, fields == nullptr ? 0 : gst_structure_get_name_id(fields)};
}

void StickyEvents::note(const EventPtr& event) {
  if (!GST_EVENT_IS_STICKY(event.get())) return;
  const bool begins = GST_EVENT_TYPE(event.get()) == GST_EVENT_STREAM_START;
  std::erase_if(events_, [&](const EventPtr& old) {
    return kind_of(old.get()) == kind_of(event.get()) || (begins && is_of_one_stream(old.get()));
  });
  const auto place = std::upper_bound(
      events_.begin(), events_.end(), event,
      [](const EventPtr& a, const EventPtr& b) { return order_of(a) < order_of(b); });
  events_.insert(place, share(event));
}

void StickyEvents::flush() {
  std::erase_if(events_, [](const EventPtr& event) { return !survives_flush(event.get()); });
}

}  // namespace npuwhisper
