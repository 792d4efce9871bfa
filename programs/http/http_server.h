// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <npuwhisper/result.h>

#include "access_rules.h"
#include "connection_gate.h"

namespace npuwhisper::http {

/// The reason why a request is not allowed.
struct Refusal {
  guint status;      ///< HTTP status: 401, 403 or 503.
  std::string text;  ///< One sentence for the user, without the line break.
};

/// An HTTP server on one address, with limited connections (ConnectionGate) and with rules for
/// access (AccessRules). A connection carries one request, and each response says so. Programs add
/// their handlers to soup(). Use the server from the default main context's thread.
class HttpServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6.
    std::uint16_t port = 0;             ///< 0: any free port.
    AccessRules::Options access{};
    /// Connections beyond these limits get 503 or are closed (ConnectionGate).
    ConnectionGate::Limits limits{};
  };

  /// Creates a server that listens. `program` is the program's name in the header Server. Errors:
  /// InvalidArgument (an invalid address), Unavailable (the server cannot listen), and those of
  /// AccessRules::create().
  static Result<std::unique_ptr<HttpServer>> create(const Options& options,
                                                    const std::string& program);
  /// Closes all connections.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Returns the server for which handlers can be added.
  SoupServer* soup() const { return soup_; }
  const AccessRules& access() const { return access_; }
  /// Returns the address of the path `/`, with the token if there is one.
  const std::string& url() const { return url_; }
  std::size_t n_connections() const { return gate_ ? gate_->n_connections() : 0; }
  /// Sets a new deadline for a request (ConnectionGate::extend_deadline()). Does nothing after
  /// stop_listening(), which ends all deadlines.
  void extend_deadline(SoupServerMessage* message, std::chrono::seconds time) {
    if (gate_) gate_->extend_deadline(message, time);
  }
  /// Stops accepting connections. Accepted connections remain open.
  void stop_listening() { gate_.reset(); }

  /// Returns the reason why the request is not allowed: too many connections, a Host that does not
  /// name the server, or a missing or wrong token. Adds the response headers that belong to the
  /// reason. Returns nullopt if the request is allowed.
  std::optional<Refusal> refusal(SoupServerMessage* message) const {
    return refusal(message, access_);
  }
  /// Returns the same, for requests that other rules apply to.
  std::optional<Refusal> refusal(SoupServerMessage* message, const AccessRules& access) const;

 private:
  HttpServer(AccessRules access, const std::string& program);
  Result<void> listen(const Options& options);

  const AccessRules access_;
  SoupServer* const soup_;
  std::unique_ptr<ConnectionGate> gate_;
  std::string url_;
};

/// Sets the response: a status, a media type and a copy of `body`.
void answer(SoupServerMessage* message, guint status, const char* type, std::string_view body);
/// Sets the response: a status and `text`, a line of plain text.
void answer_text(SoupServerMessage* message, guint status, std::string_view text);
/// Adds headers that forbid browsers to guess media types and to send the Referer header.
void add_security_headers(SoupServerMessage* message);

}  // namespace npuwhisper::http
