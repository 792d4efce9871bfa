// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include <npuwhisper/result.h>

#include "caption_feed.h"
#include "connection_gate.h"
#include "event_stream.h"

namespace npuwhisper::monitor {

/// Serves the page and the feed over HTTP: `/` with its style and script, and `/events`. Reads only
/// (GET and HEAD). Where it listens on a loopback address, it answers requests for this machine
/// only, so that no other web site can read along by pointing its own name here (DNS rebinding).
/// Everything happens in the default main context's thread.
class WebServer {
 public:
  /// Connections to /events at a time; one more gets 503.
  static constexpr std::size_t kMaxStreams = 64;

  /// Listens on `address` (IPv4 or IPv6) and `port` (0: a free one). Connections beyond the limits
  /// get 503 (ConnectionGate). `feed` outlives the server. Errors: InvalidArgument for an address
  /// that is none, Unavailable where it cannot listen.
  static Result<std::unique_ptr<WebServer>> create(const std::string& address, std::uint16_t port,
                                                   const CaptionFeed& feed,
                                                   const ConnectionGate::Limits& limits = {});
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// The page's address.
  const std::string& url() const { return url_; }
  std::size_t n_connections() const { return gate_->n_connections(); }
  std::size_t n_streams() const { return streams_.size(); }
  /// Gives browsers what is new in the feed, and breaks off those that have read nothing for long.
  void publish();
  /// Ends all streams, and waits for what is on its way for at most `seconds`.
  void close(double seconds);

 private:
  explicit WebServer(const CaptionFeed& feed);

  Result<void> listen(const std::string& address, std::uint16_t port,
                      const ConnectionGate::Limits& limits);
  void answer(SoupServerMessage* message, const std::string& path);
  void answer_events(SoupServerMessage* message);
  bool is_for_us(SoupServerMessage* message) const;

  const CaptionFeed& feed_;
  SoupServer* const server_;
  std::unique_ptr<ConnectionGate> gate_;
  std::string url_;
  bool loopback_ = false;
  std::unordered_map<SoupServerMessage*, std::unique_ptr<EventStream>> streams_;
};

}  // namespace npuwhisper::monitor
