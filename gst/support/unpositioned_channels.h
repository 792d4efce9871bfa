// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {

/// Makes an audioconvert with mono output mix channels without positions (channel-mask 0, as in
/// recordings of several microphones and in SDI). Without this call, audioconvert refuses such
/// channels ("not negotiated").
///
/// All channels have the same weight. Audio with positions is mixed according to its positions,
/// unless audio without positions came before it through the same element. Must be called before
/// data flows.
void mix_unpositioned_channels(GstElement* audioconvert);

}  // namespace npuwhisper
