// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unpositioned_channels.h"

namespace npuwhisper {
namespace {

// Mono has no positions either, and stereo without them is not mixed otherwise than with them.
int n_unpositioned(const GstCaps* caps) {
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  int n_channels = 0;
  guint64 mask = 0;
  gst_structure_get_int(structure, "channels", &n_channels);
  gst_structure_get(structure, "channel-mask", GST_TYPE_BITMASK, &mask, nullptr);
  return n_channels > 2 && mask == 0 ? n_channels : 0;
}

// 1 x n_channels; empty for 0, which makes audioconvert mix by positions.
void set_mix_matrix(GstElement* audioconvert, int n_channels) {
  GValue row = G_VALUE_INIT;
  g_value_init(&row, GST_TYPE_ARRAY);
  for (int i = 0; i < n_channels; ++i) {
    GValue share = G_VALUE_INIT;
    g_value_init(&share, G_TYPE_FLOAT);
    g_value_set_float(&share, 1.0F / static_cast<float>(n_channels));
    gst_value_array_append_and_take_value(&row, &share);
  }
  GValue matrix = G_VALUE_INIT;
  g_value_init(&matrix, GST_TYPE_ARRAY);
  if (n_channels > 0) gst_value_array_append_value(&matrix, &row);
  g_object_set_property(G_OBJECT(audioconvert), "mix-matrix", &matrix);
  g_value_unset(&matrix);
  g_value_unset(&row);
}

GstPadProbeReturn on_event(GstPad*, GstPadProbeInfo* info, gpointer audioconvert) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  set_mix_matrix(GST_ELEMENT(audioconvert), n_unpositioned(caps));
  return GST_PAD_PROBE_OK;
}

}  // namespace

void mix_unpositioned_channels(GstElement* audioconvert) {
  GstPad* sink = gst_element_get_static_pad(audioconvert, "sink");
  gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, audioconvert, nullptr);
  gst_object_unref(sink);
}

}  // namespace npuwhisper
