// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper::cli {

/// Makes `decoder`, a decodebin or uridecodebin with expose-all-streams=false and caps=audio/x-raw,
/// expose video and subtitles undecoded. The caller need not link their pads. Without this, the
/// decoder drops these streams but still waits for the end of each (GStreamer 1.22). If other
/// streams replace a dropped one, as in recordings of broadcasts, the decoder waits forever.
void expose_undecoded(GstElement* decoder);

/// Posts the ERROR that decodebin posts for a file without audio. After expose_undecoded(),
/// decodebin does not post it for a file with video, since it exposes the video. Thread-safe.
void post_no_audio(GstElement* decoder);

}  // namespace npuwhisper::cli
