// SPDX-License-Identifier: LGPL-2.1-or-later
#include "realtime_connection.h"

#include <exception>
#include <system_error>
#include <utility>

#include <npuwhisper/guarded.h>

namespace npuwhisper::server {
namespace {

constexpr guint kCheckSeconds = 5;
/// After this time without an event, the text of the audio so far is sent.
constexpr std::chrono::seconds kQuiet{1};
constexpr guint kKeepAliveSeconds = 30;
/// Memory of a waiting event beside its text.
constexpr std::size_t kEventOverhead = 64;

}  // namespace

Result<std::shared_ptr<RealtimeConnection>> RealtimeConnection::begin(
    SoupWebsocketConnection* socket, int descriptor, const ServedModels& models,
    const ServedModel& model, const TranscriberOptions& defaults, std::function<void()> ended) {
  std::shared_ptr<RealtimeConnection> self(new RealtimeConnection(socket, std::move(ended)));
  auto limit = InputLimit::create(descriptor, kMaxOutsideEvents);
  if (!limit) return fail(limit.error());
  self->input_limit_ = *std::move(limit);
  try {
    self->thread_ = std::thread([raw = self.get(), &models, &model, defaults] {
      const Result<void> done = guarded("cannot continue", [&]() -> Result<void> {
        raw->run(models, model, defaults);
        return {};
      });
      raw->post([failed = !done](RealtimeConnection& connection) {
        if (failed) connection.close(SOUP_WEBSOCKET_CLOSE_SERVER_ERROR, "the session has failed");
        connection.closed();
        connection.has_thread_ = false;
        connection.end_if_done();
      });
    });
  } catch (const std::system_error&) {
    return fail(ErrorCode::Unavailable, "no thread for a session");
  }
  self->listen();
  return self;
}

RealtimeConnection::RealtimeConnection(SoupWebsocketConnection* socket, std::function<void()> ended)
    : socket_(SOUP_WEBSOCKET_CONNECTION(g_object_ref(socket))), ended_(std::move(ended)) {}

RealtimeConnection::~RealtimeConnection() {
  closed();
  if (thread_.joinable()) thread_.join();
  if (timer_ != 0) g_source_remove(timer_);
  stop_sending();
  g_signal_handlers_disconnect_by_data(socket_, this);
  g_object_unref(socket_);
}

void RealtimeConnection::listen() {
  soup_websocket_connection_set_max_incoming_payload_size(socket_, kMaxMessage);
  soup_websocket_connection_set_keepalive_interval(socket_, kKeepAliveSeconds);
  g_signal_connect(
      socket_, "message",
      G_CALLBACK(+[](SoupWebsocketConnection*, gint type, GBytes* bytes, gpointer self) {
        auto& connection = *static_cast<RealtimeConnection*>(self);
        std::size_t n = 0;
        const auto* text = static_cast<const char*>(g_bytes_get_data(bytes, &n));
        if (type != SOUP_WEBSOCKET_DATA_TEXT) {
          return connection.close(SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA,
                                  "found binary data, wanted events in JSON");
        }
        const Result<void> done = guarded("cannot continue", [&]() -> Result<void> {
          connection.received(std::string(text == nullptr ? "" : text, n));
          return {};
        });
        if (!done) connection.close(SOUP_WEBSOCKET_CLOSE_SERVER_ERROR, "no memory");
      }),
      this);
  g_signal_connect(socket_, "closed", G_CALLBACK(+[](SoupWebsocketConnection*, gpointer self) {
                     auto& connection = *static_cast<RealtimeConnection*>(self);
                     connection.closed();
                     connection.input_limit_.reset();
                     // Later, because the end may destroy the connection.
                     connection.post([](RealtimeConnection& ended) { ended.end_if_done(); });
                   }),
                   this);
  timer_ = g_timeout_add_seconds(
      kCheckSeconds,
      [](gpointer self) -> gboolean {
        static_cast<RealtimeConnection*>(self)->check_time();
        return G_SOURCE_CONTINUE;
      },
      this);
}

void RealtimeConnection::check_time() {
  const auto now = std::chrono::steady_clock::now();
  if (now - begin_ > kMaxDuration) {
    close(SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "the session has reached its maximum of 60 minutes");
  } else if (now - last_ > kMaxIdle) {
    close(SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "found no event for 10 minutes");
  }
}

void RealtimeConnection::received(std::string message) {
  last_ = std::chrono::steady_clock::now();
  if (input_limit_) input_limit_->add_message(message.size());
  // libsoup's limit is for a frame.
  if (message.size() > kMaxMessage) {
    return close(SOUP_WEBSOCKET_CLOSE_TOO_BIG, "found an event of more than 1 MB");
  }
  bool is_full = false;
  {
    const std::scoped_lock lock(mutex_);
    if (stopped_) return;
    is_full = n_waiting_bytes_ + message.size() + kEventOverhead > kMaxWaiting;
    if (!is_full) {
      n_waiting_bytes_ += message.size() + kEventOverhead;
      waiting_.push_back(std::move(message));
    }
  }
  if (is_full) {
    return close(SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION,
                 "found audio faster than it can be transcribed");
  }
  changed_.notify_one();
}

void RealtimeConnection::close(unsigned short code, const std::string& reason) {
  if (soup_websocket_connection_get_state(socket_) == SOUP_WEBSOCKET_STATE_OPEN) {
    while (!unread_.empty()) send_next();
    soup_websocket_connection_close(socket_, code, reason.c_str());
  }
  closed();
}

/// Sends an event when the client has read those before it.
void RealtimeConnection::send(std::string event) {
  if (soup_websocket_connection_get_state(socket_) != SOUP_WEBSOCKET_STATE_OPEN) return;
  n_unread_bytes_ += event.size() + kEventOverhead;
  unread_.push_back(std::move(event));
  if (n_unread_bytes_ > kMaxUnread) {
    stop_sending();
    return close(SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "found a client that reads no events");
  }
  if (writable_ != nullptr) return;
  // libsoup writes at most one frame of its queue each time that the socket is writable. One more
  // event each time keeps that queue short.
  GIOStream* stream = soup_websocket_connection_get_io_stream(socket_);
  writable_ = g_pollable_output_stream_create_source(
      G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(stream)), nullptr);
  const GPollableSourceFunc call = [](GObject*, gpointer self) -> gboolean {
    static_cast<RealtimeConnection*>(self)->send_next();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(writable_, G_SOURCE_FUNC(call), this, nullptr);
  g_source_attach(writable_, nullptr);
}

/// Hands the oldest event to libsoup.
void RealtimeConnection::send_next() {
  if (soup_websocket_connection_get_state(socket_) != SOUP_WEBSOCKET_STATE_OPEN) {
    return stop_sending();
  }
  soup_websocket_connection_send_text(socket_, unread_.front().c_str());
  n_unread_bytes_ -= unread_.front().size() + kEventOverhead;
  unread_.pop_front();
  if (unread_.empty()) stop_sending();
}

/// Discards the events that have not been handed to libsoup.
void RealtimeConnection::stop_sending() {
  unread_.clear();
  n_unread_bytes_ = 0;
  if (writable_ == nullptr) return;
  g_source_destroy(writable_);
  g_source_unref(writable_);
  writable_ = nullptr;
}

/// Reports the end if the thread has ended and the socket is closed. libsoup closes it once the
/// client has answered, at the latest after a few seconds.
void RealtimeConnection::end_if_done() {
  const bool is_closed =
      soup_websocket_connection_get_state(socket_) == SOUP_WEBSOCKET_STATE_CLOSED;
  if (!has_thread_ && is_closed && ended_) std::exchange(ended_, nullptr)();
}

/// Makes the thread end soon.
void RealtimeConnection::closed() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  if (session_ != nullptr) session_->cancel();
  changed_.notify_one();
}

/// Waits for the next event of the client. Calls `quiet` once if none comes for a while. Returns
/// false if the connection has ended.
template <typename Quiet>
bool RealtimeConnection::next(std::string& message, Quiet&& quiet) {
  std::unique_lock lock(mutex_);
  const auto is_ready = [this] { return stopped_ || !waiting_.empty(); };
  if (!changed_.wait_for(lock, kQuiet, is_ready)) {
    lock.unlock();
    quiet();
    lock.lock();
    changed_.wait(lock, is_ready);
  }
  if (stopped_) return false;
  message = std::move(waiting_.front());
  waiting_.pop_front();
  n_waiting_bytes_ -= message.size() + kEventOverhead;
  return true;
}

void RealtimeConnection::run(const ServedModels& models, const ServedModel& model,
                             const TranscriberOptions& defaults) {
  const auto session = RealtimeSession::create(models, model, defaults, [this](std::string event) {
    post([event = std::move(event)](RealtimeConnection& connection) mutable {
      connection.send(std::move(event));
    });
  });
  if (!session) {
    const std::string reason = session.error().message;
    return post([reason](RealtimeConnection& connection) {
      connection.close(SOUP_WEBSOCKET_CLOSE_SERVER_ERROR, reason);
    });
  }
  {
    const std::scoped_lock lock(mutex_);
    session_ = session->get();
    if (stopped_) session_->cancel();
  }
  // Clears session_ also if an event throws.
  const std::unique_ptr<RealtimeConnection, void (*)(RealtimeConnection*)> forget(
      this, [](RealtimeConnection* self) {
        const std::scoped_lock lock(self->mutex_);
        self->session_ = nullptr;
      });
  int n_faults = 0;
  const auto settle = [&] { (*session)->settle(); };
  for (std::string message; next(message, settle);) {
    if ((*session)->take(message) || ++n_faults < kMaxFaults) continue;
    post([](RealtimeConnection& connection) {
      connection.close(SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "found too many malformed events");
    });
    break;
  }
}

/// Calls `call` in the main context's thread, if the connection still exists then.
void RealtimeConnection::post(std::function<void(RealtimeConnection&)> call) {
  struct Post {
    std::weak_ptr<RealtimeConnection> connection;
    std::function<void(RealtimeConnection&)> call;
  };
  // An idle source, because g_main_context_invoke() may call in this thread.
  g_idle_add_full(
      G_PRIORITY_DEFAULT,
      [](gpointer data) -> gboolean {
        auto& post = *static_cast<Post*>(data);
        if (const auto connection = post.connection.lock()) post.call(*connection);
        return G_SOURCE_REMOVE;
      },
      new Post{weak_from_this(), std::move(call)},
      [](gpointer data) { delete static_cast<Post*>(data); });
}

}  // namespace npuwhisper::server
