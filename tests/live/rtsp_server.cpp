// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rtsp_server.h"

#include <gtest/gtest.h>

namespace npuwhisper::test {

RtspServer::RtspServer(const std::string& media, int port)
    : server_(gst_rtsp_server_new()),
      context_(g_main_context_new()),
      loop_(g_main_loop_new(context_, FALSE)) {
  gst_rtsp_server_set_address(server_, "127.0.0.1");
  gst_rtsp_server_set_service(server_, std::to_string(port).c_str());
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  gst_rtsp_media_factory_set_launch(factory, media.c_str());
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server_);
  gst_rtsp_mount_points_add_factory(mounts, "/live", factory);
  g_object_unref(mounts);
  GError* error = nullptr;
  listener_ = gst_rtsp_server_create_source(server_, nullptr, &error);
  EXPECT_NE(listener_, nullptr) << error->message;
  g_source_attach(listener_, context_);
  thread_ = std::jthread([this] { g_main_loop_run(loop_); });
}

RtspServer::~RtspServer() {
  const auto remove = [](GstRTSPServer*, GstRTSPClient*, gpointer) {
    return GST_RTSP_FILTER_REMOVE;
  };
  g_source_destroy(listener_);
  gst_rtsp_server_client_filter(server_, remove, nullptr);
  g_main_loop_quit(loop_);
  thread_.join();
  g_source_unref(listener_);
  g_main_loop_unref(loop_);
  g_object_unref(server_);
  g_main_context_unref(context_);
}

}  // namespace npuwhisper::test
