// SPDX-License-Identifier: LGPL-2.1-or-later
#include "overlay_captioner.h"

namespace npuwhisper {

OverlayCaptioner::OverlayCaptioner(GstBin* bin) : elements_(bin) {
  GstElement* overlay = elements_.add("textoverlay", "overlay");
  if (overlay == nullptr) return;
  // The shaded background makes the text readable on any picture. The font size applies to a
  // picture 640 pixels wide.
  gst_util_set_object_arg(G_OBJECT(overlay), "valignment", "bottom");
  g_object_set(overlay, "shaded-background", TRUE, "shading-value", 200U, "font-desc", "Sans 18",
               nullptr);
  video_sink_.reset(gst_element_get_static_pad(overlay, "video_sink"));
  video_src_.reset(gst_element_get_static_pad(overlay, "src"));
  text_sink_.reset(gst_element_get_static_pad(overlay, "text_sink"));
}

bool OverlayCaptioner::link_text(GstPad* src) {
  return gst_pad_is_linked(text_sink_.get()) ||
         gst_pad_link(src, text_sink_.get()) == GST_PAD_LINK_OK;
}

void OverlayCaptioner::unlink_text() {
  const PadPtr src(text_sink_ ? gst_pad_get_peer(text_sink_.get()) : nullptr);
  if (src) gst_pad_unlink(src.get(), text_sink_.get());
}

}  // namespace npuwhisper
