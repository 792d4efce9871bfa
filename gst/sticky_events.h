// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <optional>
#include <utility>
#include <vector>

#include "gst_ptr.h"

namespace npuwhisper {

/// A flush drops data, SEGMENT and EOS. Other sticky events (STREAM_START, TAG, ...) describe the
/// stream and are sent once: those still on their way must arrive after the flush.
inline bool survives_flush(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return GST_EVENT_IS_STICKY(event) && type != GST_EVENT_SEGMENT && type != GST_EVENT_EOS;
}

/// Events of one kind: of one type and, where events of a type are told apart by name, of one name
/// (else 0). Of sticky events of a kind the newest stands for all.
using EventKind = std::pair<GstEventType, GQuark>;
EventKind kind_of(const GstEvent* event);

/// Where the timestamps of the data behind it begin or end to mean something.
inline bool is_mark(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return type == GST_EVENT_SEGMENT || type == GST_EVENT_EOS || type == GST_EVENT_SEGMENT_DONE;
}

/// The segment of the SEGMENT event that `pad` has; nullopt if it has none. Thread-safe.
std::optional<GstSegment> segment_of(GstPad* pad);

/// What a pad must get that comes late: the newest sticky event of each kind, in the order in which
/// pads send them, EOS last. The events that a new STREAM_START voids are those of GStreamer's
/// pads. Reentrant.
class StickyEvents {
 public:
  /// Events that are not sticky are left out.
  void note(const EventPtr& event);
  void flush();
  void clear() { events_.clear(); }

  const std::vector<EventPtr>& all() const { return events_; }

 private:
  std::vector<EventPtr> events_;
};

}  // namespace npuwhisper
