// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unpositioned_channels.h"

namespace npuwhisper {
namespace {

int n_channels_of(const GstCaps* caps) {
  int n_channels = 1;
  gst_structure_get_int(gst_caps_get_structure(caps, 0), "channels", &n_channels);
  return n_channels;
}

// Returns whether the channels need a mix matrix. Mono has no positions but needs no mixing, and
// stereo is mixed in the same way with and without positions.
bool are_unpositioned(const GstCaps* caps) {
  guint64 mask = 0;
  gst_structure_get(gst_caps_get_structure(caps, 0), "channel-mask", GST_TYPE_BITMASK, &mask,
                    nullptr);
  return n_channels_of(caps) > 2 && mask == 0;
}

// Sets a matrix of 1 x n_channels with equal weights.
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
  gst_value_array_append_value(&matrix, &row);
  g_object_set_property(G_OBJECT(audioconvert), "mix-matrix", &matrix);
  g_value_unset(&matrix);
  g_value_unset(&row);
}

bool has_mix_matrix(gpointer audioconvert) {
  GValue matrix = G_VALUE_INIT;
  g_value_init(&matrix, GST_TYPE_ARRAY);
  g_object_get_property(G_OBJECT(audioconvert), "mix-matrix", &matrix);
  const bool has_rows = gst_value_array_get_size(&matrix) > 0;
  g_value_unset(&matrix);
  return has_rows;
}

GstPadProbeReturn on_event(GstPad*, GstPadProbeInfo* info, gpointer audioconvert) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  // A matrix cannot be removed after it is set: GStreamer 1.22 takes an empty matrix as "mix by
  // positions", but GStreamer 1.26 as "use the first channel alone". Therefore all later caps get a
  // matrix, too.
  if (are_unpositioned(caps) || has_mix_matrix(audioconvert)) {
    set_mix_matrix(GST_ELEMENT(audioconvert), n_channels_of(caps));
  }
  return GST_PAD_PROBE_OK;
}

}  // namespace

void mix_unpositioned_channels(GstElement* audioconvert) {
  GstPad* sink = gst_element_get_static_pad(audioconvert, "sink");
  gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, audioconvert, nullptr);
  gst_object_unref(sink);
}

}  // namespace npuwhisper
