// SPDX-License-Identifier: LGPL-2.1-or-later
#include "recording.h"

#include <gst/gst.h>

#include <string>

namespace npuwhisper::test {
namespace {

constexpr const char* kPipeline =
    "filesrc name=file ! decodebin ! audioconvert ! audioresample ! "
    "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "
    "fakesink name=sink sync=false signal-handoffs=true";

void append(GstElement*, GstBuffer* buffer, GstPad*, gpointer data) {
  auto& pcm = *static_cast<std::vector<std::int16_t>*>(data);
  const std::size_t old = pcm.size();
  pcm.resize(old + gst_buffer_get_size(buffer) / sizeof(std::int16_t));
  gst_buffer_extract(buffer, 0, pcm.data() + old, (pcm.size() - old) * sizeof(std::int16_t));
}

}  // namespace

Result<std::vector<std::int16_t>> read_recording(const std::filesystem::path& path) {
  std::vector<std::int16_t> pcm;
  GstElement* pipeline = gst_parse_launch(kPipeline, nullptr);
  if (pipeline == nullptr) {
    return fail(ErrorCode::Unavailable, "recording: wanted GStreamer's base plugins, found none");
  }
  GstElement* file = gst_bin_get_by_name(GST_BIN(pipeline), "file");
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  g_object_set(file, "location", path.c_str(), nullptr);
  g_signal_connect(sink, "handoff", G_CALLBACK(append), &pcm);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  std::string error;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* what = nullptr;
    gst_message_parse_error(message, &what, nullptr);
    error = what->message;
    g_error_free(what);
  }
  gst_message_unref(message);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(sink);
  gst_object_unref(file);
  gst_object_unref(pipeline);
  if (!error.empty()) return fail(ErrorCode::InvalidArgument, path.string() + ": " + error);
  return pcm;
}

}  // namespace npuwhisper::test
