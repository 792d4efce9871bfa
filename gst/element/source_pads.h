// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {

struct ElementState;
class SourceTask;

/// Returns the task of a source pad, which is the pad's element-private pointer.
SourceTask& source_task_of(GstPad* pad);

/// Starts the task of a source pad if `active` is TRUE, otherwise stops it. Returns FALSE in pull
/// mode, or if the task cannot be started or stopped.
gboolean source_activate_mode(GstPad* pad, GstObject* parent, GstPadMode mode, gboolean active);
/// Handles an event from downstream. Drops QOS, forwards each seek once, and forwards RECONFIGURE
/// only if upstream needs it.
gboolean source_event(GstPad* pad, GstObject* parent, GstEvent* event);
/// Handler of the pad's signal "linked". Informs the pad's task.
void source_linked(GstPad* pad, GstPad* peer, gpointer);
/// Handles a query from downstream. Answers LATENCY in every state, linked or not.
gboolean source_query(GstPad* pad, GstObject* parent, GstQuery* query);

/// Queries upstream's latency at the beginning of a stream and sizes the input queue for it. Only
/// this function may change a live element back to not live. Posts LATENCY on a change.
void update_latency(GstElement* element, ElementState& state);
/// Sizes the input queue after a change of the element's own budget or lateness. Also works without
/// upstream. Posts LATENCY if upstream's latency changed or if `announces` is true.
void update_own_latency(GstElement* element, ElementState& state, bool announces);

}  // namespace npuwhisper
