// SPDX-License-Identifier: LGPL-2.1-or-later
#include "web_server.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace npuwhisper::monitor {
namespace {

constexpr std::chrono::seconds kMaxStall{30};

constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kCss = "text/css; charset=utf-8";
constexpr const char* kScript = "text/javascript; charset=utf-8";
constexpr std::string_view kDesk = "/desk";
constexpr std::string_view kCorrections = "/desk/corrections";

struct File {
  std::string_view path;
  const char* resource;
  const char* type;
};
constexpr std::array kFiles = {
    File{"/", "/npuwhisper/monitor/page.html", kHtml},
    File{"/page.css", "/npuwhisper/monitor/page.css", kCss},
    File{"/page.js", "/npuwhisper/monitor/page.js", kScript},
    File{"/stage", "/npuwhisper/monitor/stage.html", kHtml},
    File{"/stage.css", "/npuwhisper/monitor/stage.css", kCss},
    File{"/stage.js", "/npuwhisper/monitor/stage.js", kScript},
};
constexpr std::array kDeskFiles = {
    File{kDesk, "/npuwhisper/monitor/desk.html", kHtml},
    File{"/desk/page.css", "/npuwhisper/monitor/page.css", kCss},
    File{"/desk/desk.js", "/npuwhisper/monitor/desk.js", kScript},
};

bool is_of_desk(std::string_view path) {
  return path == kDesk || path.starts_with("/desk/");
}

/// Returns whether the request's body has a known length of at most kMaxCorrection.
bool has_short_body(SoupServerMessage* message) {
  SoupMessageHeaders* headers = soup_server_message_get_request_headers(message);
  return soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CONTENT_LENGTH &&
         static_cast<std::size_t>(soup_message_headers_get_content_length(headers)) <=
             WebServer::kMaxCorrection;
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
  soup_message_headers_replace(headers, "Cache-Control", "no-cache");
  soup_message_headers_replace(headers, "Content-Security-Policy",
                               "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "connect-src 'self'; img-src data:; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'none'");
  http::answer(message, SOUP_STATUS_OK, file.type, text);
}

}  // namespace

WebServer::WebServer(const CaptionFeed& feed, std::optional<Desk> desk,
                     std::unique_ptr<http::HttpServer> server)
    : feed_(feed), desk_(std::move(desk)), server_(std::move(server)) {
  soup_server_add_early_handler(
      server_->soup(), nullptr,
      [](SoupServer*, SoupServerMessage* message, const char* path, GHashTable*, gpointer) {
        // Keeps only the bodies of corrections; nothing needs others.
        const bool keep = path == kCorrections && has_short_body(message);
        soup_message_body_set_accumulate(soup_server_message_get_request_body(message),
                                         keep ? TRUE : FALSE);
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
                                                     const CaptionFeed& feed,
                                                     std::optional<Desk> desk) {
  auto server = http::HttpServer::create(options, "npuwhisper-monitor");
  if (!server) return fail(server.error());
  return std::unique_ptr<WebServer>(new WebServer(feed, std::move(desk), std::move(*server)));
}

// Closing a connection emits "finished", whose handler uses streams_.
WebServer::~WebServer() {
  streams_.clear();
  server_.reset();
}

std::string WebServer::desk_url() const {
  if (!desk_) return {};
  return url().substr(0, url().find('/', std::string_view("http://").size())) + std::string(kDesk) +
         desk_->access.query();
}

void WebServer::answer(SoupServerMessage* message, const std::string& path) {
  http::add_security_headers(message);
  const bool is_desk = desk_ && is_of_desk(path);
  const http::AccessRules& access = is_desk ? desk_->access : server_->access();
  if (refuse(message, access, path)) return;
  if (is_desk) {
    for (const File& file : kDeskFiles) {
      if (path == file.path) return answer_file(message, file, access.query());
    }
    if (path == kCorrections) return answer_correction(message);
  }
  for (const File& file : kFiles) {
    if (path == file.path) return answer_file(message, file, access.query());
  }
  const bool is_get = soup_server_message_get_method(message) == std::string_view("GET");
  if (path == "/events" && is_get) return answer_events(message, feed_, kMaxStreams);
  if (is_desk && path == "/desk/events" && is_get) {
    return answer_events(message, desk_->feed, kMaxDeskStreams);
  }
  http::answer_text(message, SOUP_STATUS_NOT_FOUND, "There is no such page.");
}

bool WebServer::refuse(SoupServerMessage* message, const http::AccessRules& access,
                       std::string_view path) const {
  if (const auto refusal = server_->refusal(message, access)) {
    http::answer_text(message, refusal->status, refusal->text);
    return true;
  }
  const std::string_view method = soup_server_message_get_method(message);
  const bool is_post = desk_ && path == kCorrections;
  if (is_post ? method == "POST" : method == "GET" || method == "HEAD") return false;
  soup_message_headers_replace(soup_server_message_get_response_headers(message), "Allow",
                               is_post ? "POST" : "GET, HEAD");
  http::answer_text(message, SOUP_STATUS_METHOD_NOT_ALLOWED,
                    is_post ? "Only POST is allowed." : "Only GET and HEAD are allowed.");
  return true;
}

void WebServer::answer_correction(SoupServerMessage* message) {
  if (!has_short_body(message)) {
    return http::answer_text(message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE,
                             "A correction has a Content-Length of at most " +
                                 std::to_string(kMaxCorrection) + " bytes.");
  }
  GBytes* body = soup_message_body_flatten(soup_server_message_get_request_body(message));
  std::size_t n = 0;
  const auto* begin = static_cast<const char*>(g_bytes_get_data(body, &n));
  const std::string json(begin == nullptr ? "" : begin, n);
  g_bytes_unref(body);
  const auto corrected = desk_->correct(json);
  if (corrected) return http::answer(message, SOUP_STATUS_OK, "application/json", "{}\n");
  http::answer_text(message,
                    corrected.error().code == ErrorCode::NotFound ? SOUP_STATUS_NOT_FOUND
                                                                  : SOUP_STATUS_BAD_REQUEST,
                    corrected.error().message);
}

std::size_t WebServer::count_streams(const CaptionFeed& feed) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      streams_, [&](const auto& entry) { return entry.second.feed == &feed; }));
}

void WebServer::answer_events(SoupServerMessage* message, const CaptionFeed& feed,
                              std::size_t max_streams) {
  if (count_streams(feed) >= max_streams) {
    return http::answer_text(message, SOUP_STATUS_SERVICE_UNAVAILABLE,
                             "Too many browsers; try again later.");
  }
  const char* last = soup_message_headers_get_one(soup_server_message_get_request_headers(message),
                                                  "Last-Event-ID");
  auto reader = feed.join(last != nullptr ? last : "");
  auto stream = std::make_unique<http::EventStream>(
      message, [&feed, reader]() mutable { return feed.read(reader, kMaxChunk); });
  http::EventStream& added = *stream;
  streams_.emplace(message, Listener{.feed = &feed, .stream = std::move(stream)});
  g_signal_connect(message, "finished", G_CALLBACK(+[](SoupServerMessage* ended, gpointer self) {
                     static_cast<WebServer*>(self)->streams_.erase(ended);
                   }),
                   this);
  added.pump();
}

void WebServer::publish() {
  const auto now = http::EventStream::Clock::now();
  for (const auto& [message, listener] : streams_) {
    if (listener.stream->stalled(now, kMaxStall)) {
      listener.stream->drop();
    } else {
      listener.stream->pump();
    }
  }
}

void WebServer::close(double seconds) {
  const auto end = http::EventStream::Clock::now() + std::chrono::duration<double>(seconds);
  for (const auto& [message, listener] : streams_) listener.stream->finish();
  while (!streams_.empty() && http::EventStream::Clock::now() < end) {
    if (g_main_context_iteration(nullptr, FALSE) == FALSE) g_usleep(1000);
  }
}

}  // namespace npuwhisper::monitor
