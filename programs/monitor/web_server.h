// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include <npuwhisper/result.h>

#include "caption_feed.h"
#include "programs/http/event_stream.h"
#include "programs/http/http_server.h"

namespace npuwhisper::monitor {

/// Serves the page and the feed over HTTP: `/` with its style and script, and `/events`. Read-only
/// (GET and HEAD). Requests for host names that are not the server's get 403. If there is a token,
/// requests without it get 401 (http::HttpServer). Everything runs in the default main context's
/// thread.
class WebServer {
 public:
  /// Maximum number of connections to /events at a time. Further connections get 503.
  static constexpr std::size_t kMaxStreams = 64;

  static constexpr std::size_t kMaxChunk = 32768;

  /// Creates a server that listens and sends the events of `feed`, which must outlive the server.
  /// Errors: those of http::HttpServer::create().
  static Result<std::unique_ptr<WebServer>> create(const http::HttpServer::Options& options,
                                                   const CaptionFeed& feed);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// Returns the page's address, with the token if there is one.
  const std::string& url() const { return server_->url(); }
  /// Returns whether only this machine can reach the server.
  bool is_loopback() const { return server_->access().is_loopback(); }
  std::size_t n_connections() const { return server_->n_connections(); }
  std::size_t n_streams() const { return streams_.size(); }
  /// Sends the feed's new events to the browsers, and drops connections that have read nothing for
  /// too long.
  void publish();
  /// Ends all streams. Waits at most `seconds` for the chunks in flight to be written.
  void close(double seconds);

 private:
  WebServer(const CaptionFeed& feed, std::unique_ptr<http::HttpServer> server);

  void answer(SoupServerMessage* message, const std::string& path);
  /// Refuses a request that is not allowed, and states the reason in the response. Returns whether
  /// the request was refused.
  bool refuse(SoupServerMessage* message) const;
  void answer_events(SoupServerMessage* message);

  const CaptionFeed& feed_;
  std::unique_ptr<http::HttpServer> server_;
  std::unordered_map<SoupServerMessage*, std::unique_ptr<http::EventStream>> streams_;
};

}  // namespace npuwhisper::monitor
