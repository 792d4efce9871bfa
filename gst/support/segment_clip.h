// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {

/// Takes ownership of a buffer of mono audio at 16 kHz with `bytes_per_sample`. Returns the part of
/// the buffer within the segment, or nullptr if the whole buffer is outside. Returns the buffer
/// unchanged if the segment's format is not TIME. Reentrant.
GstBuffer* clip_to_segment(const GstSegment& segment, GstBuffer* buffer, gint bytes_per_sample);

}  // namespace npuwhisper
