// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <npuwhisper/result.h>

#include "caption_feed.h"
#include "programs/http/event_stream.h"
#include "programs/http/http_server.h"

namespace npuwhisper::monitor {

/// The page of an operator who corrects text before other browsers get it.
struct Desk {
  http::AccessRules access;  ///< The rules for the paths that begin with /desk.
  const CaptionFeed& feed;   ///< The events of /desk/events.
  /// Takes a correction, which POST /desk/corrections brings as JSON. Errors: NotFound and
  /// InvalidArgument, which become 404 and 400.
  std::function<Result<void>(const std::string& json)> correct;
};

/// Serves the pages and the feed over HTTP: `/` and `/stage` with their styles and scripts, and
/// `/events`; if there is a desk, also `/desk`, `/desk/events` and `/desk/corrections`. All except
/// the last are read-only (GET and HEAD). Requests for host names that are not the server's get
/// 403. If there is a token, requests without it get 401 (http::HttpServer). Everything runs in the
/// default main context's thread.
class WebServer {
 public:
  /// Maximum number of connections to /events, and to /desk/events, at a time. Further connections
  /// get 503. The numbers are separate, so an audience cannot lock the operator out.
  static constexpr std::size_t kMaxStreams = 64;
  static constexpr std::size_t kMaxDeskStreams = 8;

  static constexpr std::size_t kMaxChunk = 32768;
  /// Maximum size of a correction, as JSON in bytes. Larger ones get 413.
  static constexpr std::size_t kMaxCorrection = 8192;

  /// Creates a server that listens and sends the events of `feed`, which must outlive the server.
  /// Errors: those of http::HttpServer::create().
  static Result<std::unique_ptr<WebServer>> create(const http::HttpServer::Options& options,
                                                   const CaptionFeed& feed,
                                                   std::optional<Desk> desk = std::nullopt);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// Returns the page's address, with the token if there is one.
  const std::string& url() const { return server_->url(); }
  /// Returns the address of the operator's page, with its token, or "" if there is no desk.
  std::string desk_url() const;
  /// Returns whether only this machine can reach the server.
  bool is_loopback() const { return server_->access().is_loopback(); }
  std::size_t n_connections() const { return server_->n_connections(); }
  /// Returns the number of connections to /events.
  std::size_t n_streams() const { return count_streams(feed_); }
  /// Sends the feed's new events to the browsers, and drops connections that have read nothing for
  /// too long.
  void publish();
  /// Ends all streams after the events that they have not sent. Waits at most `seconds`.
  void close(double seconds);

 private:
  WebServer(const CaptionFeed& feed, std::optional<Desk> desk,
            std::unique_ptr<http::HttpServer> server);

  void answer(SoupServerMessage* message, const std::string& path);
  /// Refuses a request that is not allowed, and states the reason in the response. Returns whether
  /// the request was refused.
  bool refuse(SoupServerMessage* message, const http::AccessRules& access,
              std::string_view path) const;
  void answer_events(SoupServerMessage* message, const CaptionFeed& feed, std::size_t max_streams);
  std::size_t count_streams(const CaptionFeed& feed) const;
  void answer_correction(SoupServerMessage* message);

  const CaptionFeed& feed_;
  const std::optional<Desk> desk_;
  std::unique_ptr<http::HttpServer> server_;
  struct Listener {
    const CaptionFeed* feed = nullptr;
    std::unique_ptr<http::EventStream> stream;
  };
  std::unordered_map<SoupServerMessage*, Listener> streams_;
};

}  // namespace npuwhisper::monitor
