// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "sticky_events.h"

namespace npuwhisper {

/// What begins or ends something, or says what the data behind it is: to be kept in any case.
inline bool is_boundary(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return type == GST_EVENT_STREAM_START || type == GST_EVENT_CAPS || type == GST_EVENT_SEGMENT ||
         type == GST_EVENT_SEGMENT_DONE || type == GST_EVENT_EOS;
}

/// Takes from a queue of things that wait all events but the newest of each kind, and boundaries:
/// nobody has seen the tags, and data has times of its own without the GAPs. `event_of` gives the
/// event that an item is, or nullptr. Reentrant.
template <typename Item, typename EventOf>
void drop_superseded(std::deque<Item>& items, EventOf event_of) {
  std::deque<Item> kept;
  std::vector<const GstEvent*> newer;
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    if (const GstEvent* event = event_of(*item); event != nullptr && !is_boundary(event)) {
      const auto same = [&](const GstEvent* other) { return is_same_kind(other, event); };
      if (std::any_of(newer.begin(), newer.end(), same)) continue;
      newer.push_back(event);
    }
    kept.push_front(std::move(*item));
  }
  items = std::move(kept);
}

}  // namespace npuwhisper
