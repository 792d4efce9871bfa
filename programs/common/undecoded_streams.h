// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper::cli {

/// Makes `decoder` expose video and subtitles without decoding them. `decoder` is a decodebin or
/// uridecodebin with expose-all-streams=false and caps=audio/x-raw. The caller need not link the
/// pads of video and subtitles. Without this call, the decoder drops video and subtitle streams but
/// still waits for the end of each (GStreamer 1.22). If other streams replace a dropped stream, as
/// in recordings of broadcasts, the decoder waits forever.
void expose_undecoded(GstElement* decoder);

/// Posts the ERROR that decodebin normally posts for a file without audio. After
/// expose_undecoded(), decodebin exposes the video of such a file and posts no ERROR. Thread-safe.
void post_no_audio(GstElement* decoder);

}  // namespace npuwhisper::cli
