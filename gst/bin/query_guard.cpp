// SPDX-License-Identifier: LGPL-2.1-or-later
#include "query_guard.h"

#include "gst/support/callback.h"
#include "gst/support/gst_ptr.h"

namespace npuwhisper {

void QueryGuard::attach(GstElement* queue) {
  if (queue == nullptr) return;
  constexpr auto kData = static_cast<GstPadProbeType>(
      GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH |
      GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM | GST_PAD_PROBE_TYPE_PUSH);
  const PadPtr sink(gst_element_get_static_pad(queue, "sink"));
  gst_pad_add_probe(sink.get(), kData, probe<on_data>, this, nullptr);
}

GstPadProbeReturn QueryGuard::on_data(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& guard = *static_cast<QueryGuard*>(self);
  if ((info->type & GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM) != 0) {
    const bool waits = GST_QUERY_IS_SERIALIZED(GST_PAD_PROBE_INFO_QUERY(info)) && guard.may_wait_;
    return waits ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
  }
  if ((info->type & (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST)) != 0) {
    guard.may_wait_ = true;
  } else {
    guard.note_event(GST_PAD_PROBE_INFO_EVENT(info));
  }
  return GST_PAD_PROBE_OK;
}

// Updates may_wait_ for an event. A flush clears may_wait_. Events at which a sink may block (GAP,
// EOS and others) set may_wait_.
void QueryGuard::note_event(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_STOP:
      may_wait_ = false;
      break;
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_STREAM_START:
    case GST_EVENT_CAPS:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_STREAM_COLLECTION:
    case GST_EVENT_TAG:
      break;
    default:
      if (GST_EVENT_IS_SERIALIZED(event)) may_wait_ = true;
  }
}

}  // namespace npuwhisper
