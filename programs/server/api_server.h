// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "api_error.h"
#include "decoder_slots.h"
#include "exchange.h"
#include "metrics.h"
#include "programs/http/http_server.h"
#include "realtime_connection.h"
#include "request_limits.h"
#include "served_models.h"
#include "turns.h"

namespace npuwhisper::server {

/// Serves the audio interface of OpenAI over HTTP:
///   POST /v1/audio/transcriptions, /v1/audio/translations   transcribes an upload (Exchange)
///   GET  /v1/realtime                                       WebSocket (RealtimeConnection)
///   GET  /v1/models, /v1/models/NAME                        lists the models
///   GET  /healthz                                           needs no key
///   GET  /metrics                                           Metrics
/// Use the server from the default main context's thread.
class ApiServer {
 public:
  struct Options {
    http::HttpServer::Options http{};
    Limits limits{};
    TranscriberOptions defaults{};  ///< Options that requests cannot set.
    std::string spool_folder;       ///< Folder of the temporary files.
    unsigned n_workers = 2;         ///< Threads that transcribe.
    unsigned n_decoders = 2;        ///< Uploads that are decoded at a time.
  };

  /// Creates a server that listens. Errors: Unavailable (no temporary files, no threads), and those
  /// of HttpServer::create().
  static Result<std::unique_ptr<ApiServer>> create(const Options& options, ServedModels models);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  const std::string& url() const { return http_->url(); }
  bool is_loopback() const { return http_->access().is_loopback(); }
  const ServedModels& models() const { return models_; }

  /// Stops accepting connections and audio requests, and closes the realtime sessions. Calls `idle`
  /// once, when all audio requests have been answered.
  void begin_stop(std::function<void()> idle);
  /// Ends the remaining audio requests with an error. Waits at most `seconds` until the responses
  /// have been written.
  void close(double seconds);

 private:
  ApiServer(const Options& options, ServedModels models, std::unique_ptr<http::HttpServer> http,
            std::unique_ptr<Turns> turns);

  template <typename Body>
  void attempt(SoupServerMessage* message, Body&& body);
  void got_headers(SoupServerMessage* message, const std::string& path);
  void got_request(SoupServerMessage* message, const std::string& path);
  std::variant<std::shared_ptr<Exchange>, ApiError> begin_exchange(SoupServerMessage* message,
                                                                   const std::string& path);
  void answer_get(SoupServerMessage* message, const std::string& path);
  void answer_models(SoupServerMessage* message, const std::string& path);
  void answer_metrics(SoupServerMessage* message);
  void refuse(SoupServerMessage* message, const ApiError& error);
  void answer_error(SoupServerMessage* message, const ApiError& error);
  void finished(SoupServerMessage* message);
  std::optional<ApiError> check_realtime(SoupServerMessage* message) const;
  std::variant<const ServedModel*, ApiError> realtime_model(SoupServerMessage* message) const;
  ApiError no_such_model(const std::string& name) const;
  void begin_realtime(SoupServerMessage* message, SoupWebsocketConnection* socket);
  void check_idle();

  const Options options_;
  const ServedModels models_;
  Metrics metrics_;
  DecoderSlots slots_;
  std::unique_ptr<Turns> turns_;
  std::unique_ptr<http::HttpServer> http_;
  std::unordered_map<SoupServerMessage*, std::shared_ptr<Exchange>> exchanges_;
  std::unordered_map<std::uint64_t, std::shared_ptr<RealtimeConnection>> sessions_;
  std::uint64_t n_sessions_begun_ = 0;
  std::function<void()> idle_;
  bool stopping_ = false;
};

}  // namespace npuwhisper::server
