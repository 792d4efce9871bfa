// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {
class CaptionStream;
}

G_BEGIN_DECLS

/// The element `texttocea608` takes timed text and outputs CEA-608 captions, one buffer per frame.
/// This file and its source contain the GObject class, the pads and the properties.
/// cea608/caption_stream.h declares the conversion, and cea608/caption_encoder.h declares the
/// encoder. docs/captions.md describes how to use the element.
#define GST_TYPE_TEXT_TO_CEA608 (gst_text_to_cea608_get_type())
G_DECLARE_FINAL_TYPE(GstTextToCea608, gst_text_to_cea608, GST, TEXT_TO_CEA608, GstElement)

struct _GstTextToCea608 {
  GstElement parent;
  npuwhisper::CaptionStream* stream;
  gboolean markup;  ///< TRUE if the text is Pango markup. Accessed only by the streaming thread.
};

GST_ELEMENT_REGISTER_DECLARE(texttocea608)

G_END_DECLS
