// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

#include "caption_encoder.h"

namespace npuwhisper {

/// The settings of texttocea608, which its properties set and return.
struct CaptionSettings {
  cea608::Layout layout;
  guint timeout_ms = 5000;  ///< Time until text is erased; 0: never.
  /// Time between sending a pop-on caption and showing it. The default is long enough for four full
  /// rows at 30 frames/s.
  guint lookahead_ms = 3000;

  guint needed_lookahead_ms() const {
    return layout.mode == cea608::Mode::PopOn ? lookahead_ms : 0;
  }
};

}  // namespace npuwhisper
