// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "input_limit.h"
#include "realtime_session.h"
#include "served_models.h"

namespace npuwhisper::server {

/// Connects a RealtimeSession to a WebSocket. A thread of its own runs the session, so a slow
/// session delays nobody else. Use the connection from the default main context's thread.
class RealtimeConnection : public std::enable_shared_from_this<RealtimeConnection> {
 public:
  /// Maximum size of a client's event, in bytes.
  static constexpr std::size_t kMaxMessage = std::size_t{1} << 20;
  /// Maximum size of the events that wait for the session: about four minutes of audio. A client
  /// that sends more is disconnected.
  static constexpr std::size_t kMaxWaiting = std::size_t{16} << 20;
  /// Maximum size of the events that the client has not read. A client that reads less is
  /// disconnected.
  static constexpr std::size_t kMaxUnread = std::size_t{4} << 20;
  /// Maximum number of bytes that the client sends beside whole events: an event that has not
  /// arrived completely, and pings.
  static constexpr std::size_t kMaxOutsideEvents = kMaxMessage + (std::size_t{64} << 10);
  /// Number of malformed events after which a client is disconnected.
  static constexpr int kMaxFaults = 100;
  static constexpr std::chrono::minutes kMaxDuration{60};
  /// Maximum time between two events of the client.
  static constexpr std::chrono::minutes kMaxIdle{10};

  /// Begins a session. `descriptor`: the socket below `socket`. `ended` is called once, when the
  /// connection is closed and its thread has ended. It may destroy the connection. Errors:
  /// Unavailable (no thread).
  static Result<std::shared_ptr<RealtimeConnection>> begin(
      SoupWebsocketConnection* socket, int descriptor, const ServedModels& models,
      const ServedModel& model, const TranscriberOptions& defaults, std::function<void()> ended);
  ~RealtimeConnection();
  RealtimeConnection(const RealtimeConnection&) = delete;
  RealtimeConnection& operator=(const RealtimeConnection&) = delete;

  /// Closes the connection with a code of RFC 6455 and a reason.
  void close(unsigned short code, const std::string& reason);

 private:
  RealtimeConnection(SoupWebsocketConnection* socket, std::function<void()> ended);

  void listen();
  void received(std::string message);
  void closed();
  void run(const ServedModels& models, const ServedModel& model,
           const TranscriberOptions& defaults);
  template <typename Quiet>
  bool next(std::string& message, Quiet&& quiet);
  void send(std::string event);
  void send_next();
  void stop_sending();
  void post(std::function<void(RealtimeConnection&)> call);
  void check_time();
  void end_if_done();

  SoupWebsocketConnection* const socket_;
  std::function<void()> ended_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_ = begin_;
  guint timer_ = 0;
  std::unique_ptr<InputLimit> input_limit_;  // Null once the socket is closed.
  bool has_thread_ = true;
  // Events that have not been handed to libsoup, which would keep any number of them.
  std::deque<std::string> unread_;
  std::size_t n_unread_bytes_ = 0;
  GSource* writable_ = nullptr;  // Calls send_next() while the socket is writable; null: no events.

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<std::string> waiting_;
  std::size_t n_waiting_bytes_ = 0;
  bool stopped_ = false;
  RealtimeSession* session_ = nullptr;  // Owned by the thread.

  std::thread thread_;
};

}  // namespace npuwhisper::server
