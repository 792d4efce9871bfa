// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {

/// Returns a type that is derived from `aggregator`. The sink pads of its elements may be flushed
/// separately. `aggregator` is a type of GstAggregator elements, such as cccombiner. It must use no
/// segment after gst_aggregator_finish_buffer(), and must not push buffer lists. Several calls with
/// the same type return the same type. Elements of the type have no factory. Thread-safe.
///
/// GstAggregator (as seen in GStreamer 1.22) stops the thread of its source pad only if all sink
/// pads are flushed by the same seek. But it resets the segment of a pad at every FLUSH_STOP, even
/// while that thread uses the segment for a buffer that it took before the flush. cccombiner then
/// prints a CRITICAL, or aborts the program if it computes the end of a frame.
///
/// In elements of the derived type, FLUSH_STOP waits while the thread uses a segment, and the
/// thread waits while a FLUSH_STOP resets a segment. FLUSH_STOP does not wait while the thread
/// pushes downstream. After FLUSH_START, the pad has no buffers, so the thread does not use the
/// pad's segment again before the next SEGMENT. A GAP that the thread took before the flush is
/// dropped.
GType flushable_aggregator(GType aggregator);

}  // namespace npuwhisper
