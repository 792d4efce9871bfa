// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstddef>
#include <deque>
#include <set>
#include <utility>

#include "sticky_events.h"

namespace npuwhisper {

/// Returns whether `event` is a boundary: an event that begins or ends a stream or a segment, or
/// that describes the format of the data after it. A boundary is replaced only by a newer event of
/// its kind or a newer STREAM_START, and only if no data lies between the two events.
inline bool is_boundary(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return type == GST_EVENT_STREAM_START || type == GST_EVENT_CAPS || type == GST_EVENT_SEGMENT ||
         type == GST_EVENT_SEGMENT_DONE || type == GST_EVENT_EOS;
}

/// Returns whether information is lost when a newer event of its kind replaces `event`. A GAP can
/// be replaced without a loss, because data has its own timestamps. A sticky event can be replaced
/// too, because it is valid only until the next event of its kind. The exception is EOS, which ends
/// a stream.
inline bool is_lost_if_replaced(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return type == GST_EVENT_EOS || (!GST_EVENT_IS_STICKY(event) && type != GST_EVENT_GAP);
}

/// Collects the events that follow an item of a queue, and decides whether they replace the item.
/// The queue is read from its newest item to its oldest. Reentrant.
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

  std::set<EventKind> boundaries_;  // Boundaries with no data between them and the item.
  std::set<EventKind> others_;
};

/// Removes superseded events from a queue. Keeps the newest event of each kind; for boundaries
/// (is_boundary()), keeps the newest event of each kind between two pieces of data. A STREAM_START
/// also replaces all events between the last data and the STREAM_START. A SEGMENT also replaces the
/// GAPs between the last data and the SEGMENT. `event_of` returns the event of an item, or nullptr
/// for data. `on_drop` is called with each dropped item and the next item that is kept. Returns the
/// number of dropped events that lose information (is_lost_if_replaced()). Takes O(n log n) time.
/// Reentrant.
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
