// SPDX-License-Identifier: LGPL-2.1-or-later
#include "connection_gate.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace npuwhisper::http {
namespace {

// A SoupServerMessage does not provide its connection. It provides the object for the remote
// address that was passed to libsoup. The data of the connection is therefore attached to that
// object.
constexpr const char* kSocket = "npuwhisper-socket";
constexpr const char* kRefused = "npuwhisper-refused";
constexpr const char* kConnection = "npuwhisper-connection";

GObject* carrier(SoupServerMessage* message) {
  return G_OBJECT(soup_server_message_get_remote_address(message));
}

}  // namespace

ConnectionGate::ConnectionGate(SoupServer* server, const Limits& limits)
    : server_(server), limits_(limits), service_(g_socket_service_new()) {
  // libsoup emits request-read before it calls the handler of the request, and request-finished
  // after the response.
  g_signal_connect(server_, "request-read",
                   G_CALLBACK(+[](SoupServer*, SoupServerMessage* message, gpointer self) {
                     static_cast<ConnectionGate*>(self)->stop_deadline(connection_of(message));
                   }),
                   this);
  g_signal_connect(server_, "request-finished",
                   G_CALLBACK(+[](SoupServer*, SoupServerMessage* message, gpointer self) {
                     auto& gate = *static_cast<ConnectionGate*>(self);
                     gate.expect_request(connection_of(message), gate.limits_.request);
                   }),
                   this);
}

Result<std::unique_ptr<ConnectionGate>> ConnectionGate::open(SoupServer* server,
                                                             GInetAddress* address,
                                                             std::uint16_t port,
                                                             const Limits& limits) {
  std::unique_ptr<ConnectionGate> gate(new ConnectionGate(server, limits));
  // By default, GLib lets 10 connections wait to be accepted. Linux resets further connections that
  // arrive at the same time.
  g_socket_listener_set_backlog(G_SOCKET_LISTENER(gate->service_),
                                static_cast<int>(limits.n_connections + limits.n_refusals));
  GSocketAddress* wanted = g_inet_socket_address_new(address, port);
  GSocketAddress* found = nullptr;
  GError* error = nullptr;
  g_socket_listener_add_address(G_SOCKET_LISTENER(gate->service_), wanted, G_SOCKET_TYPE_STREAM,
                                G_SOCKET_PROTOCOL_TCP, nullptr, &found, &error);
  g_object_unref(wanted);
  if (error != nullptr) {
    const bool taken = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
    const std::string message =
        std::string(error->message) + (taken ? " (--port chooses another)" : "");
    g_error_free(error);
    return fail(ErrorCode::Unavailable, message);
  }
  gate->port_ = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(found));
  g_object_unref(found);
  g_signal_connect(gate->service_, "incoming",
                   G_CALLBACK(+[](GSocketService*, GSocketConnection* connection, GObject*,
                                  gpointer self) -> gboolean {
                     static_cast<ConnectionGate*>(self)->take(connection);
                     return TRUE;
                   }),
                   gate.get());
  g_socket_service_start(gate->service_);
  return gate;
}

ConnectionGate::~ConnectionGate() {
  g_signal_handlers_disconnect_by_data(server_, this);
  g_signal_handlers_disconnect_by_data(service_, this);
  g_socket_service_stop(service_);
  g_socket_listener_close(G_SOCKET_LISTENER(service_));
  g_object_unref(service_);
  for (const auto& [connection, deadline] : connections_) {
    stop_deadline(connection);
    g_object_weak_unref(connection, forget, this);
  }
}

void ConnectionGate::take(GSocketConnection* connection) {
  // A connection that is not accepted is closed when `connection` loses its last reference.
  if (connections_.size() >= limits_.n_connections + limits_.n_refusals) return;
  GSocketAddress* here = g_socket_connection_get_local_address(connection, nullptr);
  GSocketAddress* there = g_socket_connection_get_remote_address(connection, nullptr);
  if (here != nullptr && there != nullptr) {
    GSocket* socket = g_socket_connection_get_socket(connection);
    g_socket_set_timeout(socket, static_cast<guint>(limits_.silence.count()));
    g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
    g_object_set_data_full(G_OBJECT(there), kSocket, g_object_ref(socket), g_object_unref);
    if (connections_.size() >= limits_.n_connections) {
      g_object_set_data(G_OBJECT(there), kRefused, this);
    }
    g_object_set_data(G_OBJECT(there), kConnection, connection);
    connections_.emplace(G_OBJECT(connection), Deadline{.socket = socket});
    expect_request(G_OBJECT(connection), limits_.request);
    g_object_weak_ref(G_OBJECT(connection), forget, this);
    soup_server_accept_iostream(server_, G_IO_STREAM(connection), here, there, nullptr);
  }
  g_clear_object(&here);
  g_clear_object(&there);
}

void ConnectionGate::forget(gpointer self, GObject* connection) {
  auto& gate = *static_cast<ConnectionGate*>(self);
  gate.stop_deadline(connection);
  gate.connections_.erase(connection);
}

/// Returns the connection for comparison only, because the connection may have been destroyed.
GObject* ConnectionGate::connection_of(SoupServerMessage* message) {
  return static_cast<GObject*>(g_object_get_data(carrier(message), kConnection));
}

void ConnectionGate::extend_deadline(SoupServerMessage* message, std::chrono::seconds time) {
  expect_request(connection_of(message), time);
}

void ConnectionGate::expect_request(GObject* connection, std::chrono::seconds time) {
  stop_deadline(connection);
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  found->second.timer = g_timeout_add_seconds(
      static_cast<guint>(time.count()),
      [](gpointer deadline) -> gboolean {
        auto& expired = *static_cast<Deadline*>(deadline);
        expired.timer = 0;
        g_socket_shutdown(expired.socket, TRUE, TRUE, nullptr);
        return G_SOURCE_REMOVE;
      },
      &found->second);
}

void ConnectionGate::stop_deadline(GObject* connection) {
  const auto found = connections_.find(connection);
  if (found == connections_.end() || found->second.timer == 0) return;
  g_source_remove(found->second.timer);
  found->second.timer = 0;
}

bool ConnectionGate::is_refused(SoupServerMessage* message) {
  return g_object_get_data(carrier(message), kRefused) != nullptr;
}

GSocket* ConnectionGate::socket_of(SoupServerMessage* message) {
  return G_SOCKET(g_object_get_data(carrier(message), kSocket));
}

void ConnectionGate::drop(SoupServerMessage* message) {
  g_socket_shutdown(socket_of(message), TRUE, TRUE, nullptr);
}

}  // namespace npuwhisper::http
