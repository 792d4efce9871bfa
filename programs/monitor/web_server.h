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

/// Serves the page and the feed over HTTP: `/` with its style and script, and `/events`. Read-only
/// (GET and HEAD). Requests for host names that are not the server's get 403. If there is a token,
/// requests without it get 401 (AccessRules). Everything runs in the default main context's thread.
class WebServer {
 public:
  /// Maximum number of connections to /events at a time. Further connections get 503.
  static constexpr std::size_t kMaxStreams = 64;

  struct Options {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6.
    std::uint16_t port = 0;             ///< 0: any free port.
    AccessRules::Options access{};
    /// Connections beyond these limits get 503 or are closed (ConnectionGate).
    ConnectionGate::Limits limits{};
  };

  /// Creates a server that listens and sends the events of `feed`, which must outlive the server.
  /// Errors: InvalidArgument (an invalid address), Unavailable (the server cannot listen), and
  /// those of AccessRules::create().
  static Result<std::unique_ptr<WebServer>> create(const Options& options, const CaptionFeed& feed);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// Returns the page's address, with the token if there is one.
  const std::string& url() const { return url_; }
  /// Returns whether only this machine can reach the server.
  bool is_loopback() const { return access_.is_loopback(); }
  std::size_t n_connections() const { return gate_->n_connections(); }
  std::size_t n_streams() const { return streams_.size(); }
  /// Sends the feed's new events to the browsers, and drops connections that have read nothing for
  /// too long.
  void publish();
  /// Ends all streams. Waits at most `seconds` for the chunks in flight to be written.
  void close(double seconds);

 private:
  WebServer(const CaptionFeed& feed, AccessRules access);

  Result<void> listen(const Options& options);
  void answer(SoupServerMessage* message, const std::string& path);
  /// Refuses a request that is not allowed, and states the reason in the response. Returns whether
  /// the request was refused.
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
