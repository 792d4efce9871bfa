// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {

/// Lets an audioconvert before mono mix channels that have no positions: channel-mask 0, as in
/// recordings of several microphones and in SDI. By itself it refuses them ("not negotiated").
///
/// They all count alike. Audio with positions is mixed by these, unless audio without positions
/// came before it through the same element. To be called before data flows.
void mix_unpositioned_channels(GstElement* audioconvert);

}  // namespace npuwhisper
