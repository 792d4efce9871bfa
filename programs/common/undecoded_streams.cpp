// SPDX-License-Identifier: LGPL-2.1-or-later
#include "undecoded_streams.h"

#include "missing_plugin.h"

namespace npuwhisper::cli {
namespace {

bool is_container(const GstCaps* caps) {
  GList* all =
      gst_element_factory_list_get_elements(GST_ELEMENT_FACTORY_TYPE_DEMUXER, GST_RANK_MARGINAL);
  GList* fitting = gst_element_factory_list_filter(all, caps, GST_PAD_SINK, FALSE);
  const bool found = fitting != nullptr;
  gst_plugin_feature_list_free(fitting);
  gst_plugin_feature_list_free(all);
  return found;
}

// Handler of "autoplug-continue". Returns whether to continue decoding.
gboolean is_wanted(GstElement*, GstPad*, GstCaps* caps, gpointer) {
  return kind_of_decoder(caps) == MissingPlugin::Kind::Audio || is_container(caps) ? TRUE : FALSE;
}

}  // namespace

void expose_undecoded(GstElement* decoder) {
  g_signal_connect(decoder, "autoplug-continue", G_CALLBACK(is_wanted), nullptr);
}

void post_no_audio(GstElement* decoder) {
  GST_ELEMENT_ERROR(decoder, CORE, MISSING_PLUGIN, ("No audio stream was found"), (nullptr));
}

}  // namespace npuwhisper::cli
