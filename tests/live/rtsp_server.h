// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#include <string>
#include <thread>

namespace npuwhisper::test {

/// An RTSP server on a port of 127.0.0.1 with one mount, /live. Each connection plays the media
/// from the beginning, at the pace of GStreamer's system clock. If this clock is replaced, existing
/// connections keep the old clock. The destructor closes all connections, as when a server is
/// switched off.
class RtspServer {
 public:
  /// `media` is a bin in gst-launch syntax, with payloaders named pay0, pay1. Port 0 selects a free
  /// port.
  explicit RtspServer(const std::string& media, int port = 0);
  ~RtspServer();
  RtspServer(const RtspServer&) = delete;
  RtspServer& operator=(const RtspServer&) = delete;

  int port() const { return gst_rtsp_server_get_bound_port(server_); }

 private:
  GstRTSPServer* server_;
  GMainContext* context_;
  GMainLoop* loop_;
  GSource* listener_;
  std::jthread thread_;
};

}  // namespace npuwhisper::test
