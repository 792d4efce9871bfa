// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "dice.h"

namespace npuwhisper::stress {

/// Returns a query that is answered immediately. The caller owns it.
GstQuery* some_query(Dice& dice);
/// Returns a query that waits for the data before it: ALLOCATION or DRAIN. The caller owns it.
GstQuery* some_serialized_query(Dice& dice);
/// Returns an upstream event that is neither a flush nor a seek. The caller owns it.
GstEvent* some_upstream_event(Dice& dice);
/// Returns a downstream event that is not a flush. The caller owns it.
GstEvent* some_downstream_event(Dice& dice);

/// Pushes a buffer of text or 16 kHz audio to an appsrc, or sometimes changes the caps or ends the
/// stream. Does nothing to other elements. Some buffers have a random time or duration, or none.
void feed(GstElement* source, bool text, GstClockTime pts, GstClockTime duration, Dice& dice);

}  // namespace npuwhisper::stress
