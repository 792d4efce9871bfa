// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {

/// Lets an audioconvert before mono mix channels that have no positions: channel-mask 0, as in
/// recordings of several microphones and in SDI. By itself it refuses them ("not negotiated").
///
/// They all count alike; audio with positions is mixed as before. To be called before data flows.
void mix_unpositioned_channels(GstElement* audioconvert);

}  // namespace npuwhisper
