// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "caption_settings.h"
#include "cea608/caption_encoder.h"

namespace npuwhisper {

/// The properties of texttocea608: names, ranges, defaults and texts. `stats` has its id here; its
/// value comes from make_stats().
enum CaptionProperty : guint {
  kCaptionPropMode = 1,
  kCaptionPropOriginRow,
  kCaptionPropOriginColumn,
  kCaptionPropTimeout,
  kCaptionPropLookahead,
  kCaptionPropStats,
};

void install_caption_properties(GObjectClass* klass);
/// False: `id` is none of the settings.
bool set_property(CaptionSettings& settings, guint id, const GValue* value);
bool get_property(const CaptionSettings& settings, guint id, GValue* value);

/// application/x-texttocea608-stats; the caller owns the structure.
GstStructure* make_stats(const cea608::EncoderCounters& counters);

}  // namespace npuwhisper
