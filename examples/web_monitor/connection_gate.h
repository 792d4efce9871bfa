// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include <npuwhisper/result.h>

namespace npuwhisper::monitor {

/// Listens for an HTTP server of libsoup, which itself would take any number of connections and
/// keep them for ever: here there are at most so many. One that is silent for long while a request
/// or its answer is due is closed, and so is one whose next request is not there in time, however
/// often it sends a byte of it. For the main context's thread.
class ConnectionGate {
 public:
  struct Limits {
    std::size_t n_connections = 128;
    /// So many more are there for being told that they are too many (is_refused()); those that come
    /// then are closed at once.
    std::size_t n_refusals = 32;
    std::chrono::seconds silence{30};
    /// From the beginning of the connection, or the end of an answer, to the end of a request.
    std::chrono::seconds request{10};
  };

  /// Listens on `address` (port 0: a free one) for `server`, which outlives the gate. Errors:
  /// Unavailable.
  static Result<std::unique_ptr<ConnectionGate>> open(SoupServer* server, GInetAddress* address,
                                                      std::uint16_t port, const Limits& limits);
  /// Takes no more; those that were taken are the server's.
  ~ConnectionGate();
  ConnectionGate(const ConnectionGate&) = delete;
  ConnectionGate& operator=(const ConnectionGate&) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t n_connections() const { return connections_.size(); }

  /// Whether the connection of `message` was one too many when it came.
  static bool is_refused(SoupServerMessage* message);
  /// Breaks the connection of `message` off.
  static void drop(SoupServerMessage* message);

 private:
  /// The time that a connection has for its next request.
  struct Deadline {
    GSocket* socket;
    guint timer = 0;  // 0: a request is being answered.
  };

  ConnectionGate(SoupServer* server, const Limits& limits);
  void take(GSocketConnection* connection);
  static void forget(gpointer self, GObject* connection);
  void expect_request(GObject* connection);
  void stop_deadline(GObject* connection);
  static GObject* connection_of(SoupServerMessage* message);

  SoupServer* server_;
  const Limits limits_;
  GSocketService* service_;
  std::uint16_t port_ = 0;
  std::unordered_map<GObject*, Deadline> connections_;  // By weak references.
};

}  // namespace npuwhisper::monitor
