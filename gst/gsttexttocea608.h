// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {
class CaptionStream;
}

G_BEGIN_DECLS

/// The element `texttocea608`: timed text in, CEA-608 captions out, one buffer a frame. This file
/// and its source are the GObject shell: class, pads, properties. The work is in caption_stream.h,
/// the encoder in cea608/caption_encoder.h; docs/captions.md is its manual.
#define GST_TYPE_TEXT_TO_CEA608 (gst_text_to_cea608_get_type())
G_DECLARE_FINAL_TYPE(GstTextToCea608, gst_text_to_cea608, GST, TEXT_TO_CEA608, GstElement)

struct _GstTextToCea608 {
  GstElement parent;
  npuwhisper::CaptionStream* stream;
  gboolean markup;  ///< What the text is; of the streaming thread.
};

GST_ELEMENT_REGISTER_DECLARE(texttocea608)

G_END_DECLS
