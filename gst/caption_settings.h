// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

#include "cea608/caption_encoder.h"

namespace npuwhisper {

/// What the properties of texttocea608 set.
struct CaptionSettings {
  cea608::Layout layout;
  guint timeout_ms = 5000;    ///< 0: never.
  guint lookahead_ms = 3000;  ///< Of pop-on: four rows at 30 frames. Other modes need none.

  guint needed_lookahead_ms() const {
    return layout.mode == cea608::Mode::PopOn ? lookahead_ms : 0;
  }
};

}  // namespace npuwhisper
