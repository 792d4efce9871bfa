// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper::cli {

/// Lets `decoder`, a decodebin or uridecodebin with expose-all-streams=false and caps=audio/x-raw,
/// expose video and subtitles undecoded. Their pads need no links. A decodebin that drops a stream
/// waits for its end all the same (GStreamer 1.22), so it waits for ever when other streams take
/// over, as they do in a recording from the air.
void expose_undecoded(GstElement* decoder);

/// Posts the ERROR that decodebin posts when a file has no stream of the wanted kind. decodebin
/// does not post it for a file whose video it exposes. Thread-safe.
void post_no_audio(GstElement* decoder);

}  // namespace npuwhisper::cli
