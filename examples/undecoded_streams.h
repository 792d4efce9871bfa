// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper::cli {

/// Lets `decoder`, a decodebin or uridecodebin with expose-all-streams=false and caps=audio/x-raw,
/// hand out video and subtitles undecoded, on pads that nobody need link. A decodebin that drops a
/// stream waits for its end all the same (GStreamer 1.22): where other streams take over, as in a
/// recording from the air, it would wait for ever.
void hand_out_undecoded(GstElement* decoder);

/// Whether what comes out of `pad` is decoded audio. Of a pad that has its caps.
bool has_decoded_audio(GstPad* pad);

/// The ERROR that decodebin posts where it finds no stream of the wanted kind, from `decoder`: it
/// takes those that it hands out for wanted ones. Thread-safe.
void post_no_audio(GstElement* decoder);

}  // namespace npuwhisper::cli
