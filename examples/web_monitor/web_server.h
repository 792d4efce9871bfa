// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include <npuwhisper/result.h>

#include "access_rules.h"
#include "caption_feed.h"
#include "connection_gate.h"
#include "event_stream.h"

namespace npuwhisper::monitor {

/// Serves the page and the feed over HTTP: `/` with its style and script, and `/events`. Reads only
/// (GET and HEAD). Requests under names that are not the server's get 403, those without the token,
/// if there is one, 401 (AccessRules). Everything happens in the default main context's thread.
class WebServer {
 public:
  /// Connections to /events at a time; one more gets 503.
  static constexpr std::size_t kMaxStreams = 64;

  struct Options {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6.
    std::uint16_t port = 0;             ///< 0: a free one.
    AccessRules::Options access{};
    /// Connections beyond these get 503 (ConnectionGate).
    ConnectionGate::Limits limits{};
  };

  /// `feed` outlives the server. Errors: InvalidArgument for an address that is none, or as
  /// AccessRules::create(); Unavailable where it cannot listen.
  static Result<std::unique_ptr<WebServer>> create(const Options& options, const CaptionFeed& feed);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// The page's address, with the token if there is one.
  const std::string& url() const { return url_; }
  /// Whether only this machine can reach it.
  bool is_loopback() const { return access_.is_loopback(); }
  std::size_t n_connections() const { return gate_->n_connections(); }
  std::size_t n_streams() const { return streams_.size(); }
  /// Gives browsers what is new in the feed, and breaks off those that have read nothing for long.
  void publish();
  /// Ends all streams, and waits for what is on its way for at most `seconds`.
  void close(double seconds);

 private:
  WebServer(const CaptionFeed& feed, AccessRules access);

  Result<void> listen(const Options& options);
  void answer(SoupServerMessage* message, const std::string& path);
  /// Whether the request may not be answered; it then has got the reason.
  bool refuse(SoupServerMessage* message) const;
  void answer_events(SoupServerMessage* message);

  const CaptionFeed& feed_;
  const AccessRules access_;
  SoupServer* const server_;
  std::unique_ptr<ConnectionGate> gate_;
  std::string url_;
  std::unordered_map<SoupServerMessage*, std::unique_ptr<EventStream>> streams_;
};

}  // namespace npuwhisper::monitor
