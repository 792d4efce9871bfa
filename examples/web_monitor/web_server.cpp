// SPDX-License-Identifier: LGPL-2.1-or-later
#include "web_server.h"

#include <array>
#include <string_view>

namespace npuwhisper::monitor {
namespace {

constexpr std::chrono::seconds kMaxStall{30};

struct File {
  std::string_view path;
  const char* resource;
  const char* type;
};
constexpr std::array kFiles = {
    File{"/", "/npuwhisper/monitor/page.html", "text/html; charset=utf-8"},
    File{"/page.css", "/npuwhisper/monitor/page.css", "text/css; charset=utf-8"},
    File{"/page.js", "/npuwhisper/monitor/page.js", "text/javascript; charset=utf-8"},
};

void answer_text(SoupServerMessage* message, guint status, const char* text) {
  soup_server_message_set_status(message, status, nullptr);
  soup_server_message_set_response(message, "text/plain; charset=utf-8", SOUP_MEMORY_COPY, text,
                                   std::char_traits<char>::length(text));
}

void answer_file(SoupServerMessage* message, const File& file) {
  GBytes* bytes = g_resources_lookup_data(file.resource, G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr);
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  soup_message_headers_set_content_type(headers, file.type, nullptr);
  soup_message_headers_replace(headers, "Cache-Control", "no-cache");
  soup_message_headers_replace(headers, "Content-Security-Policy",
                               "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "connect-src 'self'; img-src data:; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'none'");
  soup_server_message_set_status(message, SOUP_STATUS_OK, nullptr);
  soup_message_body_append_bytes(soup_server_message_get_response_body(message), bytes);
  g_bytes_unref(bytes);
}

}  // namespace

WebServer::WebServer(const CaptionFeed& feed)
    : feed_(feed), server_(soup_server_new("server-header", "npuwhisper-monitor ", nullptr)) {
  soup_server_add_early_handler(
      server_, nullptr,
      [](SoupServer*, SoupServerMessage* message, const char*, GHashTable*, gpointer) {
        // Nobody wants a request's body, so it is not kept.
        soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
      },
      nullptr, nullptr);
  soup_server_add_handler(
      server_, nullptr,
      [](SoupServer*, SoupServerMessage* message, const char* path, GHashTable*, gpointer self) {
        static_cast<WebServer*>(self)->answer(message, path);
      },
      this, nullptr);
}

Result<std::unique_ptr<WebServer>> WebServer::create(const std::string& address, std::uint16_t port,
                                                     const CaptionFeed& feed,
                                                     const ConnectionGate::Limits& limits) {
  std::unique_ptr<WebServer> server(new WebServer(feed));
  if (const auto listening = server->listen(address, port, limits); !listening) {
    return fail(listening.error());
  }
  return server;
}

Result<void> WebServer::listen(const std::string& address, std::uint16_t port,
                               const ConnectionGate::Limits& limits) {
  GInetAddress* parsed = g_inet_address_new_from_string(address.c_str());
  if (parsed == nullptr) {
    return fail(ErrorCode::InvalidArgument, "address '" + address +
                                                "': wanted an IP address of this machine, such as "
                                                "127.0.0.1, or 0.0.0.0 for all of them");
  }
  loopback_ = g_inet_address_get_is_loopback(parsed) != FALSE;
  auto gate = ConnectionGate::open(server_, parsed, port, limits);
  g_object_unref(parsed);
  if (!gate) {
    return fail(gate.error().code, "cannot listen on " + address + " port " + std::to_string(port) +
                                       ": " + gate.error().message);
  }
  gate_ = std::move(*gate);
  char* url = g_uri_join(G_URI_FLAGS_NONE, "http", nullptr, address.c_str(), gate_->port(), "/",
                         nullptr, nullptr);
  url_ = url;
  g_free(url);
  return {};
}

WebServer::~WebServer() {
  gate_.reset();
  streams_.clear();
  soup_server_disconnect(server_);
  g_object_unref(server_);
}

bool WebServer::is_for_us(SoupServerMessage* message) const {
  if (!loopback_) return true;
  const char* host = g_uri_get_host(soup_server_message_get_uri(message));
  if (host == nullptr) return false;
  if (std::string_view(host) == "localhost") return true;
  GInetAddress* address = g_inet_address_new_from_string(host);
  if (address == nullptr) return false;
  const bool is_loopback = g_inet_address_get_is_loopback(address) != FALSE;
  g_object_unref(address);
  return is_loopback;
}

void WebServer::answer(SoupServerMessage* message, const std::string& path) {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  soup_message_headers_replace(headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace(headers, "Referrer-Policy", "no-referrer");
  const std::string_view method = soup_server_message_get_method(message);
  if (ConnectionGate::is_refused(message)) {
    soup_message_headers_replace(headers, "Connection", "close");
    return answer_text(message, SOUP_STATUS_SERVICE_UNAVAILABLE,
                       "Too many connections; try again later.\n");
  }
  if (!is_for_us(message)) {
    return answer_text(message, SOUP_STATUS_FORBIDDEN, "This is for this machine only.\n");
  }
  if (method != "GET" && method != "HEAD") {
    soup_message_headers_replace(headers, "Allow", "GET, HEAD");
    return answer_text(message, SOUP_STATUS_METHOD_NOT_ALLOWED, "GET or HEAD only.\n");
  }
  for (const File& file : kFiles) {
    if (path == file.path) return answer_file(message, file);
  }
  if (path == "/events" && method == "GET") return answer_events(message);
  answer_text(message, SOUP_STATUS_NOT_FOUND, "There is nothing here.\n");
}

void WebServer::answer_events(SoupServerMessage* message) {
  if (streams_.size() >= kMaxStreams) {
    return answer_text(message, SOUP_STATUS_SERVICE_UNAVAILABLE,
                       "Too many browsers; try again later.\n");
  }
  const char* last = soup_message_headers_get_one(soup_server_message_get_request_headers(message),
                                                  "Last-Event-ID");
  auto stream =
      std::make_unique<EventStream>(message, feed_, feed_.join(last != nullptr ? last : ""));
  EventStream& added = *stream;
  streams_.emplace(message, std::move(stream));
  g_signal_connect(message, "finished", G_CALLBACK(+[](SoupServerMessage* ended, gpointer self) {
                     static_cast<WebServer*>(self)->streams_.erase(ended);
                   }),
                   this);
  added.pump();
}

void WebServer::publish() {
  const auto now = EventStream::Clock::now();
  for (const auto& [message, stream] : streams_) {
    if (stream->stalled(now, kMaxStall)) {
      stream->drop();
    } else {
      stream->pump();
    }
  }
}

void WebServer::close(double seconds) {
  const auto end = EventStream::Clock::now() + std::chrono::duration<double>(seconds);
  for (const auto& [message, stream] : streams_) stream->finish();
  while (!streams_.empty() && EventStream::Clock::now() < end) {
    if (g_main_context_iteration(nullptr, FALSE) == FALSE) g_usleep(1000);
  }
}

}  // namespace npuwhisper::monitor
