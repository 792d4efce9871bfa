// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {

/// A flush drops data, SEGMENT and EOS. Other sticky events (STREAM_START, TAG, ...) describe the
/// stream and are sent once: those still on their way must arrive after the flush.
inline bool survives_flush(const GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return GST_EVENT_IS_STICKY(event) && type != GST_EVENT_SEGMENT && type != GST_EVENT_EOS;
}

}  // namespace npuwhisper
