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

namespace npuwhisper::http {

/// Listens for a libsoup HTTP server and limits its connections. The server alone would accept any
/// number of connections and keep them forever. The gate closes a connection that is silent for too
/// long while a request or its response is due. The gate also closes a connection whose next
/// request is not complete in time, even if the client keeps sending bytes. Use the gate from the
/// main context's thread.
class ConnectionGate {
 public:
  struct Limits {
    std::size_t n_connections = 128;
    /// Number of additional connections, accepted only to be refused (is_refused()). Further
    /// connections are closed immediately.
    std::size_t n_refusals = 32;
    std::chrono::seconds silence{30};
    /// Maximum time for a request to arrive completely, counted from the start of the connection or
    /// from the end of the previous response.
    std::chrono::seconds request{10};
  };

  /// Listens on `address` and `port` (0: any free port) for `server`, which must outlive the gate.
  /// Errors: Unavailable (the gate cannot listen).
  static Result<std::unique_ptr<ConnectionGate>> open(SoupServer* server, GInetAddress* address,
                                                      std::uint16_t port, const Limits& limits);
  /// Stops accepting connections. Accepted connections stay with the server.
  ~ConnectionGate();
  ConnectionGate(const ConnectionGate&) = delete;
  ConnectionGate& operator=(const ConnectionGate&) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t n_connections() const { return connections_.size(); }

  /// Returns whether the connection of `message` exceeded the limit when it was accepted.
  static bool is_refused(SoupServerMessage* message);
  /// Sets a new deadline for the request `message`, counted from now. Call this function for a
  /// request whose body may take longer than Limits::request.
  void extend_deadline(SoupServerMessage* message, std::chrono::seconds time);
  /// Returns the socket of the connection of `message`. The connection owns the socket.
  static GSocket* socket_of(SoupServerMessage* message);
  /// Shuts down the connection of `message`.
  static void drop(SoupServerMessage* message);

 private:
  /// The deadline for a connection's next request.
  struct Deadline {
    GSocket* socket;
    guint timer = 0;  // 0 during a response, and after the deadline has passed.
  };

  ConnectionGate(SoupServer* server, const Limits& limits);
  void take(GSocketConnection* connection);
  static void forget(gpointer self, GObject* connection);
  void expect_request(GObject* connection, std::chrono::seconds time);
  void stop_deadline(GObject* connection);
  static GObject* connection_of(SoupServerMessage* message);

  SoupServer* server_;
  const Limits limits_;
  GSocketService* service_;
  std::uint16_t port_ = 0;
  std::unordered_map<GObject*, Deadline> connections_;  // The keys are weak references.
};

}  // namespace npuwhisper::http
