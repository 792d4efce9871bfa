// SPDX-License-Identifier: LGPL-2.1-or-later
#include "http_server.h"

#include <utility>

namespace npuwhisper::http {

HttpServer::HttpServer(AccessRules access, const std::string& program)
    : access_(std::move(access)),
      // libsoup appends its own name and version to a name that ends with a space.
      soup_(soup_server_new("server-header", (program + " ").c_str(), nullptr)) {
  // libsoup closes a connection after the response unless it listens itself. The header tells
  // clients, which would otherwise send the next request on a closed connection.
  g_signal_connect(soup_, "request-started",
                   G_CALLBACK(+[](SoupServer*, SoupServerMessage* message, gpointer) {
                     soup_message_headers_replace(soup_server_message_get_response_headers(message),
                                                  "Connection", "close");
                   }),
                   nullptr);
}

Result<std::unique_ptr<HttpServer>> HttpServer::create(const Options& options,
                                                       const std::string& program) {
  auto access = AccessRules::create(options.access, options.address);
  if (!access) return fail(access.error());
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(*access), program));
  if (const auto listening = server->listen(options); !listening) return fail(listening.error());
  return server;
}

Result<void> HttpServer::listen(const Options& options) {
  GInetAddress* parsed = g_inet_address_new_from_string(options.address.c_str());
  auto gate = ConnectionGate::open(soup_, parsed, options.port, options.limits);
  g_object_unref(parsed);
  if (!gate) {
    return fail(gate.error().code, "cannot listen on " + options.address + " port " +
                                       std::to_string(options.port) + ": " + gate.error().message);
  }
  gate_ = std::move(*gate);
  char* url = g_uri_join(G_URI_FLAGS_NONE, "http", nullptr, options.address.c_str(), gate_->port(),
                         "/", nullptr, nullptr);
  url_ = url + access_.query();
  g_free(url);
  return {};
}

HttpServer::~HttpServer() {
  gate_.reset();
  soup_server_disconnect(soup_);
  g_object_unref(soup_);
}

std::optional<Refusal> HttpServer::refusal(SoupServerMessage* message,
                                           const AccessRules& access) const {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  if (ConnectionGate::is_refused(message)) {
    soup_message_headers_replace(headers, "Connection", "close");
    return Refusal{SOUP_STATUS_SERVICE_UNAVAILABLE, "Too many connections; try again later."};
  }
  if (!access.allows_host(message)) {
    return Refusal{SOUP_STATUS_FORBIDDEN,
                   "This is not a name of this server; its option --host can add the name."};
  }
  if (!access.allows_token(message)) {
    soup_message_headers_replace(headers, "WWW-Authenticate", "Bearer");
    return Refusal{SOUP_STATUS_UNAUTHORIZED, "A token is required: add ?token=... to the address."};
  }
  return std::nullopt;
}

void answer(SoupServerMessage* message, guint status, const char* type, std::string_view body) {
  soup_server_message_set_status(message, status, nullptr);
  soup_server_message_set_response(message, type, SOUP_MEMORY_COPY, body.data(), body.size());
}

void answer_text(SoupServerMessage* message, guint status, std::string_view text) {
  answer(message, status, "text/plain; charset=utf-8", std::string(text) + "\n");
}

void add_security_headers(SoupServerMessage* message) {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  soup_message_headers_replace(headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace(headers, "Referrer-Policy", "no-referrer");
}

}  // namespace npuwhisper::http
