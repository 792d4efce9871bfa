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
  soup_message_headers_replace(headers, "Cache-Control", "no-cache");
  soup_message_headers_replace(headers, "Content-Security-Policy",
                               "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "connect-src 'self'; img-src data:; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'none'");
  http::answer(message, SOUP_STATUS_OK, file.type, text);
}

}  // namespace

WebServer::WebServer(const CaptionFeed& feed, std::unique_ptr<http::HttpServer> server)
    : feed_(feed), server_(std::move(server)) {
  soup_server_add_early_handler(
      server_->soup(), nullptr,
      [](SoupServer*, SoupServerMessage* message, const char*, GHashTable*, gpointer) {
        // Discards request bodies, which nothing needs.
        soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
      },
      nullptr, nullptr);
  soup_server_add_handler(
      server_->soup(), nullptr,
      [](SoupServer*, SoupServerMessage* message, const char* path, GHashTable*, gpointer self) {
        static_cast<WebServer*>(self)->answer(message, path);
      },
      this, nullptr);
}

Result<std::unique_ptr<WebServer>> WebServer::create(const http::HttpServer::Options& options,
                                                     const CaptionFeed& feed) {
  auto server = http::HttpServer::create(options, "npuwhisper-monitor");
  if (!server) return fail(server.error());
  return std::unique_ptr<WebServer>(new WebServer(feed, std::move(*server)));
}

// Closing a connection emits "finished", whose handler uses streams_.
WebServer::~WebServer() {
  streams_.clear();
  server_.reset();
}

void WebServer::answer(SoupServerMessage* message, const std::string& path) {
  http::add_security_headers(message);
  if (refuse(message)) return;
  const std::string_view method = soup_server_message_get_method(message);
  for (const File& file : kFiles) {
    if (path == file.path) return answer_file(message, file, server_->access().query());
  }
  if (path == "/events" && method == "GET") return answer_events(message);
  http::answer_text(message, SOUP_STATUS_NOT_FOUND, "There is no such page.");
}

bool WebServer::refuse(SoupServerMessage* message) const {
  if (const auto refusal = server_->refusal(message)) {
    http::answer_text(message, refusal->status, refusal->text);
    return true;
  }
  const std::string_view method = soup_server_message_get_method(message);
  if (method != "GET" && method != "HEAD") {
    soup_message_headers_replace(soup_server_message_get_response_headers(message), "Allow",
                                 "GET, HEAD");
    http::answer_text(message, SOUP_STATUS_METHOD_NOT_ALLOWED, "Only GET and HEAD are allowed.");
    return true;
  }
  return false;
}

void WebServer::answer_events(SoupServerMessage* message) {
  if (streams_.size() >= kMaxStreams) {
    return http::answer_text(message, SOUP_STATUS_SERVICE_UNAVAILABLE,
                             "Too many browsers; try again later.");
  }
  const char* last = soup_message_headers_get_one(soup_server_message_get_request_headers(message),
                                                  "Last-Event-ID");
  auto reader = feed_.join(last != nullptr ? last : "");
  auto stream = std::make_unique<http::EventStream>(
      message, [this, reader]() mutable { return feed_.read(reader, kMaxChunk); });
  http::EventStream& added = *stream;
  streams_.emplace(message, std::move(stream));
  g_signal_connect(message, "finished", G_CALLBACK(+[](SoupServerMessage* ended, gpointer self) {
                     static_cast<WebServer*>(self)->streams_.erase(ended);
                   }),
                   this);
  added.pump();
}

void WebServer::publish() {
  const auto now = http::EventStream::Clock::now();
  for (const auto& [message, stream] : streams_) {
    if (stream->stalled(now, kMaxStall)) {
      stream->drop();
    } else {
      stream->pump();
    }
  }
}

void WebServer::close(double seconds) {
  const auto end = http::EventStream::Clock::now() + std::chrono::duration<double>(seconds);
  for (const auto& [message, stream] : streams_) stream->finish();
  while (!streams_.empty() && http::EventStream::Clock::now() < end) {
    if (g_main_context_iteration(nullptr, FALSE) == FALSE) g_usleep(1000);
  }
}

}  // namespace npuwhisper::monitor
