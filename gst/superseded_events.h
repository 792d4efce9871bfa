// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstddef>
#include <deque>
#include <set>
#include <utility>

#include "sticky_events.h"

namespace npuwhisper {

/// Returns whether `event` begins or ends something, or describes the data after it. Only a newer
/// event of its kind or a newer STREAM_START replaces such a boundary, and only if no data lies
/// between them.
inline bool is_boundary(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return type == GST_EVENT_STREAM_START || type == GST_EVENT_CAPS || type == GST_EVENT_SEGMENT ||
         type == GST_EVENT_SEGMENT_DONE || type == GST_EVENT_EOS;
}

/// Returns whether something is lost when a newer event of its kind replaces `event`. Nothing is
/// lost with a GAP, since data has its own timestamps, or with a sticky event, which holds only
/// until the next of its kind. The exception is EOS, which ends a stream.
inline bool is_lost_if_replaced(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return type == GST_EVENT_EOS || (!GST_EVENT_IS_STICKY(event) && type != GST_EVENT_GAP);
}

/// The events that follow an item of a queue, to decide whether they replace it. Reentrant.
class NewerEvents {
 public:
  void pass_data() { boundaries_.clear(); }
  void add(const GstEvent* event) {
    (is_boundary(event) ? boundaries_ : others_).insert(kind_of(event));
  }
  bool replace(const GstEvent* event) const {
    if (boundaries_.contains(kStreamStart)) return true;
    if (GST_EVENT_TYPE(event) == GST_EVENT_GAP && boundaries_.contains(kSegment)) return true;
    return (is_boundary(event) ? boundaries_ : others_).contains(kind_of(event));
  }

 private:
  static constexpr EventKind kStreamStart{GST_EVENT_STREAM_START, 0};
  static constexpr EventKind kSegment{GST_EVENT_SEGMENT, 0};

  std::set<EventKind> boundaries_;  // With no data between them and the item.
  std::set<EventKind> others_;
};

/// Removes superseded events from a queue: all but the newest of each kind; of boundaries, all but
/// the newest between two pieces of data; and, before a STREAM_START, all events back to the last
/// data. `event_of` returns the event of an item, or nullptr for data. `on_drop` is called with
/// each dropped item and the next item that is kept. Returns the number of events that were lost
/// (is_lost_if_replaced()). Takes O(n log n). Reentrant.
template <typename Item, typename EventOf, typename OnDrop>
std::size_t drop_superseded(std::deque<Item>& items, EventOf event_of, OnDrop on_drop) {
  std::deque<Item> kept;
  NewerEvents newer;
  std::size_t n_lost = 0;
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    const GstEvent* event = event_of(*item);
    if (event == nullptr) {
      newer.pass_data();
    } else if (newer.replace(event)) {
      if (is_lost_if_replaced(event)) ++n_lost;
      on_drop(*item, kept.front());
      continue;
    } else {
      newer.add(event);
    }
    kept.push_front(std::move(*item));
  }
  items = std::move(kept);
  return n_lost;
}

}  // namespace npuwhisper
