// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include <npuwhisper/transcriber.h>

#include "answers.h"
#include "api_error.h"
#include "audio_request.h"
#include "decoder_process.h"
#include "decoder_slots.h"
#include "form_data.h"
#include "metrics.h"
#include "programs/http/disconnect_watch.h"
#include "programs/http/event_stream.h"
#include "request_limits.h"
#include "served_models.h"
#include "spool.h"
#include "transcription_task.h"
#include "turns.h"

namespace npuwhisper::server {

/// The parts of the server that all exchanges use. All members outlive the exchanges.
struct Services {
  const ServedModels& models;
  const TranscriberOptions& defaults;  ///< Options that requests cannot set.
  const Limits& limits;
  const std::string& spool_folder;
  Turns& turns;
  DecoderSlots& slots;
  Metrics& metrics;
};

/// One request with a file: receives the upload, decodes it, transcribes it, and answers. The
/// destructor stops all work for the request. Use this class from the main context's thread. An
/// exchange is owned by a shared_ptr, so that threads can refer to it.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  /// Receives the error that ends an exchange before its request has arrived completely. The
  /// function destroys the exchange and answers.
  using Refuse = std::function<void(const ApiError&)>;

  /// Begins an exchange for `message`, whose headers have arrived. Errors: those of the header
  /// Content-Type, and of the temporary file. `refuse` is called in a handler of libsoup.
  static std::variant<std::shared_ptr<Exchange>, ApiError> begin(SoupServerMessage* message,
                                                                 Task task,
                                                                 const Services& services,
                                                                 Refuse refuse);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Takes the complete request. The response follows later.
  void take_request();
  /// Stops the work and answers with an error. Does nothing after the end of the answer.
  void fail_with(const ApiError& error);

 private:
  Exchange(SoupServerMessage* message, Task task, const Services& services, Refuse refuse,
           Spool upload);

  template <typename Body>
  void attempt(Body&& body);
  void refuse(const ApiError& error);
  FormData::Events form_events();
  static void got_chunk(SoupServerMessage* message, GBytes* chunk, gpointer self);
  void take_chunk(std::span<const char> chunk);
  std::optional<ApiError> read_request();
  void start_decoder();
  void decoded(const DecoderEnd& end);
  void start_transcription();
  TranscriptionTask::Events task_events();
  void take_segment(cli::TimedSegment segment);
  void take_end(const Result<double>& seconds);
  void start_stream();
  void send(const std::string& events);
  void finish(unsigned status, const Answer& answer);
  void disconnected();
  void stop_work();

  SoupServerMessage* const message_;
  const Task task_;
  const Services services_;
  const Refuse refuse_;
  gulong chunk_handler_ = 0;
  guint timer_ = 0;

  // Receiving.
  std::optional<FormData> form_;
  FormFields fields_;
  std::optional<Spool> upload_;
  std::uint64_t n_received_ = 0;
  bool is_file_ = false;  // The current part with a file name is the field "file".
  bool has_file_ = false;
  bool received_ = false;  // The request has arrived completely.

  // Working.
  AudioRequest request_;
  std::optional<http::DisconnectWatch> watch_;
  std::unique_ptr<DecoderSlots::Place> place_;
  std::optional<Spool> audio_;
  std::unique_ptr<DecoderProcess> decoder_;
  std::shared_ptr<TranscriptionTask> transcription_;
  cli::Transcript transcript_;

  // Answering.
  bool answered_ = false;  // The response is complete, or ends after the events in events_.
  std::unique_ptr<http::EventStream> stream_;
  TextEvents text_events_;
  std::string events_;  // Events that stream_ has not taken yet.
};

}  // namespace npuwhisper::server
