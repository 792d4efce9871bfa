// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "caption_encoder.h"
#include "caption_settings.h"

namespace npuwhisper {

/// IDs of the properties of texttocea608. install_caption_properties() defines their names, ranges,
/// defaults and descriptions. The value of `stats` comes from make_stats().
enum CaptionProperty : guint {
  kCaptionPropMode = 1,
  kCaptionPropOriginRow,
  kCaptionPropOriginColumn,
  kCaptionPropTimeout,
  kCaptionPropLookahead,
  kCaptionPropStats,
};

void install_caption_properties(GObjectClass* klass);
/// Sets the property `id`. Returns false if `id` is not one of the settings.
bool set_property(CaptionSettings& settings, guint id, const GValue* value);
/// Stores the property `id` in `value`. Returns false if `id` is not one of the settings.
bool get_property(const CaptionSettings& settings, guint id, GValue* value);

/// Creates the application/x-texttocea608-stats structure, which the caller owns.
GstStructure* make_stats(const cea608::EncoderCounters& counters);

}  // namespace npuwhisper
