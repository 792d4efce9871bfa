// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <optional>
#include <utility>
#include <vector>

#include "gst_ptr.h"

namespace npuwhisper {

/// Returns whether a flush keeps `event`. A flush drops data, SEGMENT and EOS. Other sticky events
/// (STREAM_START, TAG, ...) describe the stream and are sent only once, so queued events of these
/// types must still arrive after the flush.
inline bool survives_flush(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return GST_EVENT_IS_STICKY(event) && type != GST_EVENT_SEGMENT && type != GST_EVENT_EOS;
}

/// A kind of event: its type and, for types that are distinguished by name, its name (else 0). The
/// newest sticky event of a kind replaces the older ones.
using EventKind = std::pair<GstEventType, GQuark>;
EventKind kind_of(const GstEvent* event);

/// Returns whether `event` begins or ends a range of data whose timestamps refer to one segment.
inline bool is_mark(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return type == GST_EVENT_SEGMENT || type == GST_EVENT_EOS || type == GST_EVENT_SEGMENT_DONE;
}

/// Returns the segment of the SEGMENT event that `pad` holds, or nullopt if it holds none.
/// Thread-safe.
std::optional<GstSegment> segment_of(GstPad* pad);

/// Stores the events that a pad must send if it is activated late. These are the newest sticky
/// event of each kind, in the order in which pads send them, EOS last. A new STREAM_START removes
/// older STREAM_GROUP_DONE, TAG and EOS events, as on GStreamer's pads. Reentrant.
class StickyEvents {
 public:
  /// Records `event`. Ignores events that are not sticky.
  void note(const EventPtr& event);
  void flush();
  void clear() { events_.clear(); }

  const std::vector<EventPtr>& all() const { return events_; }

 private:
  std::vector<EventPtr> events_;
};

}  // namespace npuwhisper
