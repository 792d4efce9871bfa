// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exchange.h"

#include <fcntl.h>

#include <utility>
#include <variant>

#include <npuwhisper/guarded.h>

#include "programs/http/connection_gate.h"
#include "programs/http/http_server.h"

namespace npuwhisper::server {
namespace {

/// Calls `body` in the main context's thread. GLib would call the function of
/// g_main_context_invoke() in the current thread if no thread runs the main context at the moment.
void call_in_main_thread(std::function<void()> body) {
  g_idle_add_full(
      G_PRIORITY_DEFAULT,
      [](gpointer call) -> gboolean {
        (*static_cast<std::function<void()>*>(call))();
        return G_SOURCE_REMOVE;
      },
      new std::function<void()>(std::move(body)),
      [](gpointer call) { delete static_cast<std::function<void()>*>(call); });
}

std::string megabytes(std::uint64_t n_bytes) {
  return std::to_string(n_bytes >> 20) + " MB";
}

}  // namespace

std::variant<std::shared_ptr<Exchange>, ApiError> Exchange::begin(SoupServerMessage* message,
                                                                  Task task,
                                                                  const Services& services,
                                                                  Refuse refuse) {
  auto upload = Spool::create(services.spool_folder);
  if (!upload) return api_error_of(upload.error());
  std::shared_ptr<Exchange> exchange(
      new Exchange(message, task, services, std::move(refuse), *std::move(upload)));
  const char* type = soup_message_headers_get_one(soup_server_message_get_request_headers(message),
                                                  "Content-Type");
  auto form = FormData::create(type, exchange->form_events());
  if (!form) return api_error_of(form.error());
  exchange->form_.emplace(*std::move(form));
  return exchange;
}

Exchange::Exchange(SoupServerMessage* message, Task task, const Services& services, Refuse refuse,
                   Spool upload)
    : message_(SOUP_SERVER_MESSAGE(g_object_ref(message))),
      task_(task),
      services_(services),
      refuse_(std::move(refuse)),
      upload_(std::move(upload)) {
  // The body goes to the temporary file, not to memory.
  soup_message_body_set_accumulate(soup_server_message_get_request_body(message_), FALSE);
  chunk_handler_ = g_signal_connect(message_, "got-chunk", G_CALLBACK(&Exchange::got_chunk), this);
  timer_ = g_timeout_add_seconds(
      static_cast<guint>(services_.limits.request_time.count()),
      [](gpointer self) -> gboolean {
        auto& exchange = *static_cast<Exchange*>(self);
        exchange.timer_ = 0;
        exchange.refuse({.status = 408,
                         .message = "the request did not arrive completely within " +
                                    std::to_string(exchange.services_.limits.request_time.count()) +
                                    " s: found " + std::to_string(exchange.n_received_) +
                                    " bytes so far"});
        return G_SOURCE_REMOVE;
      },
      this);
}

Exchange::~Exchange() {
  stop_work();
  g_signal_handler_disconnect(message_, chunk_handler_);
  stream_.reset();
  g_object_unref(message_);
}

/// Calls `body` for a callback of a C library. If `body` throws, as without memory, ends the
/// exchange with 503.
template <typename Body>
void Exchange::attempt(Body&& body) {
  const auto self = shared_from_this();
  const Result<void> done = guarded("cannot answer", [&]() -> Result<void> {
    body();
    return {};
  });
  if (done) return;
  const Result<void> told = guarded("cannot answer", [&]() -> Result<void> {
    fail_with(api_error_of(done.error()));
    return {};
  });
  if (!told) http::ConnectionGate::drop(message_);
}

void Exchange::refuse(const ApiError& error) {
  const Refuse call = refuse_;  // The call destroys this object.
  call(error);
}

FormData::Events Exchange::form_events() {
  return {.field = [this](const std::string& name, std::string value) -> Result<void> {
            add_field(fields_, name, std::move(value));
            return {};
          },
          .file = [this](const std::string& name) -> Result<void> {
            is_file_ = name == "file";
            if (is_file_ && std::exchange(has_file_, true)) {
              return fail(ErrorCode::InvalidArgument, "file: found more than one, wanted one");
            }
            return {};
          },
          .bytes = [this](std::span<const char> bytes) -> Result<void> {
            return is_file_ ? upload_->append(bytes) : Result<void>();
          }};
}

void Exchange::got_chunk(SoupServerMessage*, GBytes* chunk, gpointer self) {
  gsize n = 0;
  const auto* bytes = static_cast<const char*>(g_bytes_get_data(chunk, &n));
  auto& exchange = *static_cast<Exchange*>(self);
  exchange.attempt([&] { exchange.take_chunk({bytes, n}); });
}

void Exchange::take_chunk(std::span<const char> chunk) {
  n_received_ += chunk.size();
  if (n_received_ > services_.limits.upload_bytes) {
    return refuse({.status = 413,
                   .message = "the request is larger than " +
                              megabytes(services_.limits.upload_bytes) +
                              ", the limit of this server (--max-upload)"});
  }
  if (auto added = form_->add(chunk); !added) refuse(api_error_of(added.error()));
}

void Exchange::take_request() {
  received_ = true;
  if (timer_ != 0) g_source_remove(std::exchange(timer_, 0));
  if (auto error = read_request()) {
    answered_ = true;
    return http::answer(message_, error->status, "application/json", error->json());
  }
  soup_server_message_pause(message_);
  watch_.emplace(message_, [this] { disconnected(); });
  place_ = services_.slots.enter(upload_->size(), [this] { attempt([this] { start_decoder(); }); });
}

/// Reads the complete form into request_.
std::optional<ApiError> Exchange::read_request() {
  if (auto finished = form_->finish(); !finished) return api_error_of(finished.error());
  if (!has_file_) return bad_field("file", "file: the field is missing, wanted an audio file");
  if (upload_->size() == 0) return bad_field("file", "file: found 0 bytes, wanted an audio file");
  auto request = read_audio_request(fields_, task_, services_.models, services_.defaults);
  if (auto* error = std::get_if<ApiError>(&request)) return std::move(*error);
  request_ = std::get<AudioRequest>(std::move(request));
  return std::nullopt;
}

void Exchange::start_decoder() {
  auto audio = Spool::create(services_.spool_folder);
  if (!audio) return fail_with(api_error_of(audio.error()));
  audio_.emplace(*std::move(audio));
  const auto seconds = std::chrono::seconds(services_.limits.duration).count();
  const DecoderLimits limits{.n_samples = static_cast<std::uint64_t>(seconds) * kSampleRate,
                             .time = services_.limits.decode_time};
  auto decoder = DecoderProcess::start(
      *upload_, *audio_, limits, [this](const DecoderEnd& end) { attempt([&] { decoded(end); }); });
  if (!decoder) return fail_with(api_error_of(decoder.error()));
  decoder_ = *std::move(decoder);
}

void Exchange::decoded(const DecoderEnd& end) {
  using Kind = DecoderEnd::Kind;
  decoder_.reset();
  place_.reset();
  upload_.reset();
  if (end.was_killed) services_.metrics.count_decoder_kill();
  switch (end.kind) {
    case Kind::Complete:
      return start_transcription();
    case Kind::Unreadable:
      return fail_with(bad_field("file", "file: " + end.reason));
    case Kind::TimedOut:
      return fail_with(bad_field("file", "file: " + end.reason));
    case Kind::TooLong:
      return fail_with({.status = 413,
                        .message = "file: the audio is longer than " +
                                   std::to_string(services_.limits.duration.count()) +
                                   " min, the limit of this server (--max-duration)",
                        .param = "file"});
    case Kind::NoResources:
      return fail_with({.status = 503, .message = end.reason});
  }
}

void Exchange::start_transcription() {
  auto audio = audio_->reopen(O_RDONLY);
  if (!audio) return fail_with(api_error_of(audio.error()));
  // The heads of the pieces are small.
  const auto n_samples = static_cast<std::int64_t>(audio_->size() / sizeof(float));
  audio_.reset();
  transcript_.language = request_.options.language;
  transcription_ = std::make_shared<TranscriptionTask>(request_.model->engine, request_.options,
                                                       *std::move(audio), n_samples, task_events());
  services_.turns.add(transcription_);
}

/// Returns events that pass the results to the main context's thread.
TranscriptionTask::Events Exchange::task_events() {
  return {.segment =
              [weak = weak_from_this()](cli::TimedSegment segment) {
                call_in_main_thread([weak, segment = std::move(segment)] {
                  const auto exchange = weak.lock();
                  if (exchange) exchange->attempt([&] { exchange->take_segment(segment); });
                });
              },
          .ended =
              [weak = weak_from_this()](const Result<double>& seconds) {
                call_in_main_thread([weak, seconds] {
                  const auto exchange = weak.lock();
                  if (exchange) exchange->attempt([&] { exchange->take_end(seconds); });
                });
              }};
}

void Exchange::take_segment(cli::TimedSegment segment) {
  if (answered_) return;
  if (transcript_.language.empty()) transcript_.language = segment.language;
  if (request_.streams) {
    start_stream();
    send(text_events_.delta(segment));
  } else {
    transcript_.segments.push_back(std::move(segment));
  }
}

void Exchange::take_end(const Result<double>& seconds) {
  if (answered_) return;
  if (!seconds) return fail_with(api_error_of(seconds.error()));
  services_.metrics.count_audio(*seconds);
  transcript_.audio_seconds = *seconds;
  stop_work();
  if (!request_.streams) return finish(SOUP_STATUS_OK, make_answer(request_, transcript_));
  start_stream();
  answered_ = true;
  send(text_events_.done());
}

/// Begins the streaming answer, unless it has begun.
void Exchange::start_stream() {
  if (stream_) return;
  stream_ = std::make_unique<http::EventStream>(message_, [this]() -> std::optional<std::string> {
    if (events_.empty() && answered_) return std::nullopt;
    return std::exchange(events_, {});
  });
}

void Exchange::send(const std::string& events) {
  events_ += events;
  stream_->pump();
}

void Exchange::fail_with(const ApiError& error) {
  if (answered_) return;
  if (!received_) return refuse(error);
  stop_work();
  if (!stream_) return finish(error.status, {"application/json", error.json()});
  answered_ = true;
  send(error_event(error));
}

void Exchange::finish(unsigned status, const Answer& answer) {
  answered_ = true;
  watch_.reset();
  http::answer(message_, status, answer.type, answer.body);
  soup_server_message_unpause(message_);
}

/// Stops the work for a client that no longer waits for it.
void Exchange::disconnected() {
  const auto self = shared_from_this();
  watch_.reset();
  stop_work();
  answered_ = true;
  events_.clear();
  http::ConnectionGate::drop(message_);
  // libsoup notices the end of the connection when it sends the response, or its end.
  if (stream_) return stream_->pump();
  http::answer(message_, SOUP_STATUS_BAD_REQUEST, "application/json", "");
  soup_server_message_unpause(message_);
}

void Exchange::stop_work() {
  if (timer_ != 0) g_source_remove(std::exchange(timer_, 0));
  decoder_.reset();
  place_.reset();
  if (transcription_) transcription_->cancel();
  transcription_.reset();
}

}  // namespace npuwhisper::server
