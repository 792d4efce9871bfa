// SPDX-License-Identifier: LGPL-2.1-or-later
#include "api_server.h"

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <npuwhisper/guarded.h>

#include "programs/http/early_answer.h"
#include "spool.h"

namespace npuwhisper::server {
namespace {

constexpr const char* kJson = "application/json";
constexpr std::string_view kModels = "/v1/models";
constexpr const char* kRealtime = "/v1/realtime";
constexpr const char* kRetrySeconds = "5";
// A body that is too large must reach the check of the body, which states the limit. Its deadline
// is later than the limit of the exchange.
constexpr std::chrono::seconds kDeadlineMargin{30};

struct AudioPath {
  std::string_view path;
  Task task;
};
constexpr std::array kAudioPaths = {
    AudioPath{"/v1/audio/transcriptions", Task::Transcribe},
    AudioPath{"/v1/audio/translations", Task::Translate},
};

const AudioPath* audio_path(std::string_view path) {
  for (const AudioPath& known : kAudioPaths) {
    if (path == known.path) return &known;
  }
  return nullptr;
}

/// Returns the name of a path in the metrics, which is one of a fixed set.
std::string endpoint_of(std::string_view path) {
  if (audio_path(path) != nullptr || path == kRealtime || path == "/healthz" ||
      path == "/metrics") {
    return std::string(path);
  }
  return std::string(path.starts_with(kModels) ? kModels : "other");
}

bool has_body(SoupServerMessage* message) {
  SoupMessageHeaders* headers = soup_server_message_get_request_headers(message);
  const SoupEncoding encoding = soup_message_headers_get_encoding(headers);
  return encoding == SOUP_ENCODING_CHUNKED ||
         (encoding == SOUP_ENCODING_CONTENT_LENGTH &&
          soup_message_headers_get_content_length(headers) > 0);
}

/// Returns the path of a request; empty if the request is malformed.
std::string path_of(SoupServerMessage* message) {
  GUri* uri = soup_server_message_get_uri(message);
  return uri == nullptr ? "" : g_uri_get_path(uri);
}

nlohmann::ordered_json model_json(const ServedModel& model) {
  return {{"id", model.name},
          {"object", "model"},
          {"created", model.loaded_at},
          {"owned_by", "npuwhisper"}};
}

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::create(const Options& options, ServedModels models) {
  // Finds out now whether temporary files are possible.
  if (auto spool = Spool::create(options.spool_folder); !spool) return fail(spool.error());
  auto turns = Turns::create(options.n_workers);
  if (!turns) return fail(turns.error());
  auto http = http::HttpServer::create(options.http, "npuwhisper-server");
  if (!http) return fail(http.error());
  return std::unique_ptr<ApiServer>(
      new ApiServer(options, std::move(models), *std::move(http), *std::move(turns)));
}

ApiServer::ApiServer(const Options& options, ServedModels models,
                     std::unique_ptr<http::HttpServer> http, std::unique_ptr<Turns> turns)
    : options_(options),
      models_(std::move(models)),
      slots_(options.n_decoders),
      turns_(std::move(turns)),
      http_(std::move(http)) {
  // The handlers of a path replace those of the paths above it.
  for (const char* below : {static_cast<const char*>(nullptr), kRealtime}) {
    soup_server_add_early_handler(
        http_->soup(), below,
        [](SoupServer*, SoupServerMessage* message, const char* path, GHashTable*, gpointer self) {
          auto& server = *static_cast<ApiServer*>(self);
          server.attempt(message, [&] { server.got_headers(message, path); });
        },
        this, nullptr);
  }
  // A compressed message has no limit after its decompression.
  soup_server_remove_websocket_extension(http_->soup(), SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  const char* protocols[] = {"realtime", nullptr};
  soup_server_add_websocket_handler(
      http_->soup(), kRealtime, nullptr, const_cast<char**>(protocols),
      [](SoupServer*, SoupServerMessage* message, const char*, SoupWebsocketConnection* socket,
         gpointer self) {
        const Result<void> done = guarded("cannot begin a session", [&]() -> Result<void> {
          static_cast<ApiServer*>(self)->begin_realtime(message, socket);
          return {};
        });
        if (!done) soup_websocket_connection_close(socket, SOUP_WEBSOCKET_CLOSE_SERVER_ERROR, "");
      },
      this, nullptr);
  soup_server_add_handler(
      http_->soup(), nullptr,
      [](SoupServer*, SoupServerMessage* message, const char* path, GHashTable*, gpointer self) {
        auto& server = *static_cast<ApiServer*>(self);
        server.attempt(message, [&] { server.got_request(message, path); });
      },
      this, nullptr);
  g_signal_connect(http_->soup(), "request-finished",
                   G_CALLBACK(+[](SoupServer*, SoupServerMessage* message, gpointer self) {
                     static_cast<ApiServer*>(self)->finished(message);
                   }),
                   this);
  g_signal_connect(http_->soup(), "request-aborted",
                   G_CALLBACK(+[](SoupServer*, SoupServerMessage* message, gpointer self) {
                     static_cast<ApiServer*>(self)->finished(message);
                   }),
                   this);
}

ApiServer::~ApiServer() {
  g_signal_handlers_disconnect_by_data(http_->soup(), this);
  exchanges_.clear();
  sessions_.clear();
  turns_.reset();
  http_.reset();
}

/// Calls `body` for a callback of libsoup. If `body` throws, as without memory, answers with 503.
template <typename Body>
void ApiServer::attempt(SoupServerMessage* message, Body&& body) {
  const Result<void> done = guarded("cannot answer", [&]() -> Result<void> {
    body();
    return {};
  });
  if (done) return;
  exchanges_.erase(message);
  soup_server_message_set_status(message, SOUP_STATUS_SERVICE_UNAVAILABLE, nullptr);
  soup_server_message_unpause(message);
}

/// Decides about a request whose body may not have arrived yet.
void ApiServer::got_headers(SoupServerMessage* message, const std::string& path) {
  soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
  http::add_security_headers(message);
  auto begun = begin_exchange(message, path);
  if (const auto* error = std::get_if<ApiError>(&begun)) return refuse(message, *error);
  auto& exchange = std::get<std::shared_ptr<Exchange>>(begun);
  if (exchange == nullptr) return;
  http_->extend_deadline(message, options_.limits.request_time + kDeadlineMargin);
  exchanges_.emplace(message, std::move(exchange));
}

/// Returns the exchange of an audio request, nullptr for an allowed request to another path, or the
/// reason why the request is refused.
std::variant<std::shared_ptr<Exchange>, ApiError> ApiServer::begin_exchange(
    SoupServerMessage* message, const std::string& path) {
  if (path != "/healthz") {
    if (const auto refusal = http_->refusal(message)) {
      return ApiError{.status = refusal->status,
                      .message = refusal->text,
                      .code = refusal->status == SOUP_STATUS_UNAUTHORIZED ? "invalid_api_key" : ""};
    }
  }
  const AudioPath* audio = audio_path(path);
  const std::string method = soup_server_message_get_method(message);
  const bool is_read = method == "GET" || method == "HEAD";
  if (audio == nullptr ? !is_read : method != "POST") {
    return ApiError{
        .status = SOUP_STATUS_METHOD_NOT_ALLOWED,
        .message = "method " + method + ": wanted " + (audio == nullptr ? "GET" : "POST")};
  }
  if (path == kRealtime) {
    if (auto error = check_realtime(message)) return *std::move(error);
  } else if (path.starts_with(kRealtime)) {
    // libsoup would upgrade these requests, too.
    return ApiError{.status = SOUP_STATUS_NOT_FOUND, .message = "there is no such path"};
  }
  if (audio == nullptr) return nullptr;
  if (stopping_) {
    return ApiError{.status = SOUP_STATUS_SERVICE_UNAVAILABLE, .message = "the server is stopping"};
  }
  const Limits& limits = options_.limits;
  const goffset length =
      soup_message_headers_get_content_length(soup_server_message_get_request_headers(message));
  if (length > 0 && static_cast<std::uint64_t>(length) > limits.upload_bytes) {
    return ApiError{.status = SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE,
                    .message = "the request has " + std::to_string(length) +
                               " bytes, wanted at most " + std::to_string(limits.upload_bytes) +
                               ", the limit of this server (--max-upload)"};
  }
  if (exchanges_.size() >= limits.n_requests) {
    return ApiError{.status = SOUP_STATUS_SERVICE_UNAVAILABLE,
                    .message = "the server works on " + std::to_string(exchanges_.size()) +
                               " requests, its limit (--max-requests); try again later"};
  }
  const Services services{.models = models_,
                          .defaults = options_.defaults,
                          .limits = limits,
                          .spool_folder = options_.spool_folder,
                          .turns = *turns_,
                          .slots = slots_,
                          .metrics = metrics_};
  return Exchange::begin(message, audio->task, services,
                         [this, message](const ApiError& error) { refuse(message, error); });
}

/// Returns the reason why a request for a realtime session is refused.
std::optional<ApiError> ApiServer::check_realtime(SoupServerMessage* message) const {
  if (stopping_) {
    return ApiError{.status = SOUP_STATUS_SERVICE_UNAVAILABLE, .message = "the server is stopping"};
  }
  if (sessions_.size() >= options_.limits.n_sessions) {
    return ApiError{.status = SOUP_STATUS_SERVICE_UNAVAILABLE,
                    .message = "the server has " + std::to_string(sessions_.size()) +
                               " realtime sessions, its limit (--max-sessions); try again later"};
  }
  const char* upgrade =
      soup_message_headers_get_one(soup_server_message_get_request_headers(message), "Upgrade");
  if (upgrade == nullptr || g_ascii_strcasecmp(upgrade, "websocket") != 0) {
    return ApiError{
        .status = SOUP_STATUS_BAD_REQUEST,
        .message = std::string(kRealtime) + ": found a plain request, wanted a WebSocket"};
  }
  // Browsers let every web site open WebSockets, so a site could use a server without a key.
  SoupMessageHeaders* headers = soup_server_message_get_request_headers(message);
  const char* origin = soup_message_headers_get_one(headers, "Origin");
  const char* host = soup_message_headers_get_one(headers, "Host");
  const bool is_own = origin == nullptr ||
                      (host != nullptr && std::string(origin) == std::string("http://") + host);
  if (!is_own && http_->access().query().empty()) {
    return ApiError{.status = SOUP_STATUS_FORBIDDEN,
                    .message = "Origin: found '" + std::string(origin) +
                               "', wanted none, or a server with an API key"};
  }
  auto model = realtime_model(message);
  if (auto* error = std::get_if<ApiError>(&model)) return std::move(*error);
  return std::nullopt;
}

/// Returns the model that the query of a realtime request names, or the first model.
std::variant<const ServedModel*, ApiError> ApiServer::realtime_model(
    SoupServerMessage* message) const {
  const char* text = g_uri_get_query(soup_server_message_get_uri(message));
  const std::unique_ptr<GHashTable, decltype(&g_hash_table_unref)> query(
      soup_form_decode(text == nullptr ? "" : text), &g_hash_table_unref);
  const auto* intent = static_cast<const char*>(g_hash_table_lookup(query.get(), "intent"));
  if (intent != nullptr && std::string_view(intent) != "transcription") {
    return ApiError{.status = SOUP_STATUS_BAD_REQUEST,
                    .message = "intent: found '" + std::string(intent) + "', wanted transcription",
                    .param = "intent"};
  }
  const auto* name = static_cast<const char*>(g_hash_table_lookup(query.get(), "model"));
  if (name == nullptr) return &models_.all().front();
  if (const ServedModel* model = models_.find(name)) return model;
  return no_such_model(name);
}

ApiError ApiServer::no_such_model(const std::string& name) const {
  return {.status = SOUP_STATUS_NOT_FOUND,
          .message = "model: found '" + name + "', wanted one of " + models_.names(),
          .param = "model",
          .code = "model_not_found"};
}

void ApiServer::begin_realtime(SoupServerMessage* message, SoupWebsocketConnection* socket) {
  // Other sessions may have begun since the request arrived.
  if (stopping_ || sessions_.size() >= options_.limits.n_sessions) {
    return soup_websocket_connection_close(socket, SOUP_WEBSOCKET_CLOSE_GOING_AWAY,
                                           "the server takes no session now; try again later");
  }
  // The gate's limit on silence is for requests.
  GSocket* raw = http::ConnectionGate::socket_of(message);
  if (raw != nullptr) g_socket_set_timeout(raw, 0);
  const auto model = realtime_model(message);
  const std::uint64_t number = ++n_sessions_begun_;
  auto session = RealtimeConnection::begin(socket, raw == nullptr ? -1 : g_socket_get_fd(raw),
                                           models_, *std::get<const ServedModel*>(model),
                                           options_.defaults, [this, number] {
                                             sessions_.erase(number);
                                             check_idle();
                                           });
  if (!session) {
    return soup_websocket_connection_close(socket, SOUP_WEBSOCKET_CLOSE_SERVER_ERROR,
                                           session.error().message.c_str());
  }
  metrics_.count_session();
  sessions_.emplace(number, *std::move(session));
}

/// Refuses a request whose body may not have arrived completely.
void ApiServer::refuse(SoupServerMessage* message, const ApiError& error) {
  exchanges_.erase(message);
  if (!has_body(message)) return answer_error(message, error);
  metrics_.count_request(endpoint_of(path_of(message)), error.status);
  std::string head = std::string("Content-Type: ") + kJson + "\r\n";
  if (error.status == SOUP_STATUS_SERVICE_UNAVAILABLE) {
    head += std::string("Retry-After: ") + kRetrySeconds + "\r\n";
  }
  if (error.status == SOUP_STATUS_UNAUTHORIZED) head += "WWW-Authenticate: Bearer\r\n";
  http::answer_early(message, error.status, head, error.json());
  check_idle();
}

void ApiServer::answer_error(SoupServerMessage* message, const ApiError& error) {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  if (error.status == SOUP_STATUS_SERVICE_UNAVAILABLE) {
    soup_message_headers_replace(headers, "Retry-After", kRetrySeconds);
  }
  http::answer(message, error.status, kJson, error.json());
}

void ApiServer::got_request(SoupServerMessage* message, const std::string& path) {
  if (const auto found = exchanges_.find(message); found != exchanges_.end()) {
    return std::shared_ptr(found->second)->take_request();
  }
  answer_get(message, path);
}

void ApiServer::answer_get(SoupServerMessage* message, const std::string& path) {
  if (path == "/healthz") {
    return http::answer(message, SOUP_STATUS_OK, kJson, R"({"status":"ok"})");
  }
  if (path == "/metrics") return answer_metrics(message);
  if (path == kModels || path.starts_with(std::string(kModels) + "/")) {
    return answer_models(message, path);
  }
  answer_error(message, {.status = SOUP_STATUS_NOT_FOUND,
                         .message = path + ": the server has no such path"});
}

void ApiServer::answer_models(SoupServerMessage* message, const std::string& path) {
  if (path.size() > kModels.size()) {
    const std::string name = path.substr(kModels.size() + 1);
    const ServedModel* model = models_.find(name);
    if (model == nullptr) return answer_error(message, no_such_model(name));
    return http::answer(message, SOUP_STATUS_OK, kJson, model_json(*model).dump());
  }
  auto list = nlohmann::ordered_json::array();
  for (const ServedModel& model : models_.all()) list.push_back(model_json(model));
  const nlohmann::ordered_json object = {{"object", "list"}, {"data", std::move(list)}};
  http::answer(message, SOUP_STATUS_OK, kJson, object.dump());
}

void ApiServer::answer_metrics(SoupServerMessage* message) {
  const std::chrono::duration<double> working = turns_->working_time();
  const std::string text = metrics_.text({.n_requests = exchanges_.size(),
                                          .n_sessions = sessions_.size(),
                                          .n_connections = http_->n_connections(),
                                          .working_seconds = working.count()});
  http::answer(message, SOUP_STATUS_OK, "text/plain; version=0.0.4; charset=utf-8", text);
}

/// Forgets a request whose connection has ended or whose response has been written.
void ApiServer::finished(SoupServerMessage* message) {
  metrics_.count_request(endpoint_of(path_of(message)), soup_server_message_get_status(message));
  exchanges_.erase(message);
  check_idle();
}

void ApiServer::check_idle() {
  if (stopping_ && exchanges_.empty() && sessions_.empty() && idle_)
    std::exchange(idle_, nullptr)();
}

void ApiServer::begin_stop(std::function<void()> idle) {
  stopping_ = true;
  idle_ = std::move(idle);
  http_->stop_listening();
  for (const auto& [number, session] : sessions_) {
    session->close(SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "the server is stopping");
  }
  check_idle();
}

void ApiServer::close(double seconds) {
  stopping_ = true;
  idle_ = nullptr;
  http_->stop_listening();
  const auto remaining = exchanges_;  // fail_with() may end an exchange.
  for (const auto& [message, exchange] : remaining) {
    exchange->fail_with(
        {.status = SOUP_STATUS_SERVICE_UNAVAILABLE, .message = "the server is stopping"});
  }
  for (const auto& [number, session] : sessions_) {
    session->close(SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "the server is stopping");
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!(exchanges_.empty() && sessions_.empty()) && std::chrono::steady_clock::now() < end) {
    if (g_main_context_iteration(nullptr, FALSE) == FALSE) g_usleep(1000);
  }
}

}  // namespace npuwhisper::server
