// SPDX-License-Identifier: LGPL-2.1-or-later
#include "undecoded_streams.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "gst_owned.h"

namespace npuwhisper::cli {
namespace {

std::string_view media_type(const GstCaps* caps) {
  if (gst_caps_is_any(caps) || gst_caps_is_empty(caps)) return {};
  return gst_structure_get_name(gst_caps_get_structure(caps, 0));
}

bool is_container(const GstCaps* caps) {
  GList* all =
      gst_element_factory_list_get_elements(GST_ELEMENT_FACTORY_TYPE_DEMUXER, GST_RANK_MARGINAL);
  GList* fitting = gst_element_factory_list_filter(all, caps, GST_PAD_SINK, FALSE);
  const bool found = fitting != nullptr;
  gst_plugin_feature_list_free(fitting);
  gst_plugin_feature_list_free(all);
  return found;
}

// Whether to go on decoding: the handler of "autoplug-continue".
gboolean is_wanted(GstElement*, GstPad*, GstCaps* caps, gpointer) {
  constexpr std::array<std::string_view, 4> kUnwanted = {"video/", "image/", "text/",
                                                         "subpicture/"};
  const std::string_view type = media_type(caps);
  const bool is_other = std::ranges::any_of(
      kUnwanted, [type](std::string_view prefix) { return type.starts_with(prefix); });
  return !is_other || is_container(caps) ? TRUE : FALSE;
}

}  // namespace

void hand_out_undecoded(GstElement* decoder) {
  g_signal_connect(decoder, "autoplug-continue", G_CALLBACK(is_wanted), nullptr);
}

bool has_decoded_audio(GstPad* pad) {
  Owned<GstCaps> caps(gst_pad_get_current_caps(pad));
  if (!caps) caps.reset(gst_pad_query_caps(pad, nullptr));
  return media_type(caps.get()) == "audio/x-raw";
}

void post_no_audio(GstElement* decoder) {
  GST_ELEMENT_ERROR(decoder, CORE, MISSING_PLUGIN, ("No audio stream was found"), (nullptr));
}

}  // namespace npuwhisper::cli
