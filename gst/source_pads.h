// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {

struct ElementState;
class SourceTask;

/// Of a source pad, whose element-private pointer it is.
SourceTask& source_task_of(GstPad* pad);

/// The functions of the source pads.
gboolean source_activate_mode(GstPad* pad, GstObject* parent, GstPadMode mode, gboolean active);
gboolean source_event(GstPad* pad, GstObject* parent, GstEvent* event);
void source_linked(GstPad* pad, GstPad* peer, gpointer);
/// LATENCY is answered in every state, linked or not.
gboolean source_query(GstPad* pad, GstObject* parent, GstQuery* query);

/// Asks upstream, which begins a stream, for its latency, and on change sizes the input queue for
/// it and posts LATENCY.
void update_latency(GstElement* element, ElementState& state);
/// Likewise when our own budget has changed; upstream may be missing. `announces`: posts LATENCY in
/// any case.
void update_own_latency(GstElement* element, ElementState& state, bool announces);

}  // namespace npuwhisper
