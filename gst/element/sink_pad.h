// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {

/// The functions of the sink pad. Buffers and serialized events arrive on upstream's streaming
/// thread. Flushes, other events and queries arrive on any thread. Most serialized events are
/// queued behind the audio that precedes them, and the worker forwards them.
GstFlowReturn sink_chain(GstPad* pad, GstObject* parent, GstBuffer* buffer);
gboolean sink_event(GstPad* pad, GstObject* parent, GstEvent* event);
/// Answers queries. The answer to ALLOCATION contains the element's allocator, so that audio need
/// not be copied. The answer contains no pool, because producers choose the sizes of audio buffers.
gboolean sink_query(GstPad* pad, GstObject* parent, GstQuery* query);

}  // namespace npuwhisper
