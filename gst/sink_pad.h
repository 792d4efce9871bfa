// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {

/// The functions of the sink pad. They run on upstream's streaming thread, but for FLUSH_START,
/// which comes from any thread and waits for nothing. Serialized events queue up behind the audio
/// that they follow; the worker forwards them.
GstFlowReturn sink_chain(GstPad* pad, GstObject* parent, GstBuffer* buffer);
gboolean sink_event(GstPad* pad, GstObject* parent, GstEvent* event);
/// ALLOCATION offers our allocator, so that audio need not be copied. No pool is offered: audio
/// buffers differ in size, and producers cut them themselves.
gboolean sink_query(GstPad* pad, GstObject* parent, GstQuery* query);

}  // namespace npuwhisper
