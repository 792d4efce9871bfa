// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "dice.h"

namespace npuwhisper::stress {

/// A query that is answered at once. The caller owns it.
GstQuery* some_query(Dice& dice);
/// A query that waits for the data before it: ALLOCATION or DRAIN. The caller owns it.
GstQuery* some_serialized_query(Dice& dice);
/// An event that goes upstream; no flush and no seek. The caller owns it.
GstEvent* some_upstream_event(Dice& dice);
/// An event that goes downstream; no flush. The caller owns it.
GstEvent* some_downstream_event(Dice& dice);

/// Gives an appsrc a buffer of text or of 16 kHz audio with this time, other caps, or the end of
/// its stream. Does nothing to other elements. Of the buffers, some have another time, or none.
void feed(GstElement* source, bool text, GstClockTime pts, GstClockTime duration, Dice& dice);

}  // namespace npuwhisper::stress
