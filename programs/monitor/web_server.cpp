// SPDX-License-Identifier: LGPL-2.1-or-later
#include "web_server.h"

#include <array>
#include <string_view>
#include <utility>

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

/// Returns the file's content. `query` replaces each mark "?QUERY". Only the links of the page
/// contain the mark.
std::string read_file(const File& file, std::string_view query) {
  constexpr std::string_view kMark = "?QUERY";
  GBytes* bytes = g_resources_lookup_data(file.resource, G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr);
  std::size_t n = 0;
  const auto* begin = static_cast<const char*>(g_bytes_get_data(bytes, &n));
  std::string text(begin, n);
  g_bytes_unref(bytes);
  for (std::size_t at = 0; (at = text.find(kMark, at)) != std::string::npos; at += query.size()) {
    text.replace(at, kMark.size(), query);
  }
  return text;
}

void answer_file(SoupServerMessage* message, const File& file, std::string_view query) {
  const std::string text = read_file(file, query);
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  soup_message_headers_set_content_type(headers, file.type, nullptr);
  soup_message_headers_replace(headers, "Cache-Control", "no-cache");
  soup_message_headers_replace(headers, "Content-Security-Policy",
                               "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "connect-src 'self'; img-src data:; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'none'");
  soup_server_message_set_status(message, SOUP_STATUS_OK, nullptr);
  soup_message_body_append(soup_server_message_get_response_body(message), SOUP_MEMORY_COPY,
                           text.data(), text.size());
}

}  // namespace

WebServer::WebServer(const CaptionFeed& feed, AccessRules access)
    : feed_(feed),
      access_(std::move(access)),
      server_(soup_server_new("server-header", "npuwhisper-monitor ", nullptr)) {
  soup_server_add_early_handler(
      server_, nullptr,
      [](SoupServer*, SoupServerMessage* message, const char*, GHashTable*, gpointer) {
        // Discards request bodies, which nothing needs.
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

Result<std::unique_ptr<WebServer>> WebServer::create(const Options& options,
                                                     const CaptionFeed& feed) {
  auto access = AccessRules::create(options.access, options.address);
  if (!access) return fail(access.error());
  std::unique_ptr<WebServer> server(new WebServer(feed, std::move(*access)));
  if (const auto listening = server->listen(options); !listening) return fail(listening.error());
  return server;
}

Result<void> WebServer::listen(const Options& options) {
  GInetAddress* parsed = g_inet_address_new_from_string(options.address.c_str());
  auto gate = ConnectionGate::open(server_, parsed, options.port, options.limits);
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

WebServer::~WebServer() {
  gate_.reset();
  streams_.clear();
  soup_server_disconnect(server_);
  g_object_unref(server_);
}

void WebServer::answer(SoupServerMessage* message, const std::string& path) {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  soup_message_headers_replace(headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace(headers, "Referrer-Policy", "no-referrer");
  if (refuse(message)) return;
  const std::string_view method = soup_server_message_get_method(message);
  for (const File& file : kFiles) {
    if (path == file.path) return answer_file(message, file, access_.query());
  }
  if (path == "/events" && method == "GET") return answer_events(message);
  answer_text(message, SOUP_STATUS_NOT_FOUND, "There is no such page.\n");
}

bool WebServer::refuse(SoupServerMessage* message) const {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  const std::string_view method = soup_server_message_get_method(message);
  if (ConnectionGate::is_refused(message)) {
    soup_message_headers_replace(headers, "Connection", "close");
    answer_text(message, SOUP_STATUS_SERVICE_UNAVAILABLE,
                "Too many connections; try again later.\n");
    return true;
  }
  if (!access_.allows_host(message)) {
    answer_text(message, SOUP_STATUS_FORBIDDEN,
                "This is not a name of this server; its option --host can add the name.\n");
    return true;
  }
  if (!access_.allows_token(message)) {
    soup_message_headers_replace(headers, "WWW-Authenticate", "Bearer");
    answer_text(message, SOUP_STATUS_UNAUTHORIZED,
                "A token is required: add ?token=... to the address.\n");
    return true;
  }
  if (method != "GET" && method != "HEAD") {
    soup_message_headers_replace(headers, "Allow", "GET, HEAD");
    answer_text(message, SOUP_STATUS_METHOD_NOT_ALLOWED, "Only GET and HEAD are allowed.\n");
    return true;
  }
  return false;
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
