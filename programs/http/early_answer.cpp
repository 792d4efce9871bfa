// SPDX-License-Identifier: LGPL-2.1-or-later
#include "early_answer.h"

#include <array>
#include <memory>
#include <utility>

#include "connection_gate.h"

namespace npuwhisper::http {
namespace {

// Time for which the rest of the request is read and discarded. If the socket were closed with
// unread data, the client's system would discard the response.
constexpr guint kLingerSeconds = 5;

/// Sends a response on a connection that libsoup no longer uses. Deletes itself at the end.
class EarlyAnswer {
 public:
  /// Takes ownership of `stream` and of `socket`, which belongs to the stream.
  EarlyAnswer(GIOStream* stream, GSocket* socket, std::string response)
      : stream_(stream),
        socket_(socket),
        response_(std::move(response)),
        cancellable_(g_cancellable_new()) {
    g_output_stream_write_all_async(g_io_stream_get_output_stream(stream_), response_.data(),
                                    response_.size(), G_PRIORITY_DEFAULT, cancellable_,
                                    &EarlyAnswer::on_written, this);
    timer_ = g_timeout_add_seconds(
        kLingerSeconds,
        [](gpointer self) -> gboolean {
          auto& answer = *static_cast<EarlyAnswer*>(self);
          answer.timer_ = 0;
          g_cancellable_cancel(answer.cancellable_);
          return G_SOURCE_REMOVE;
        },
        this);
  }
  EarlyAnswer(const EarlyAnswer&) = delete;
  EarlyAnswer& operator=(const EarlyAnswer&) = delete;

 private:
  ~EarlyAnswer() {
    if (timer_ != 0) g_source_remove(timer_);
    g_object_unref(cancellable_);
    g_io_stream_close(stream_, nullptr, nullptr);
    g_object_unref(stream_);
    g_object_unref(socket_);
  }

  static void on_written(GObject* source, GAsyncResult* result, gpointer self) {
    auto* answer = static_cast<EarlyAnswer*>(self);
    if (!g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, nullptr, nullptr)) {
      delete answer;
      return;
    }
    g_socket_shutdown(answer->socket_, FALSE, TRUE, nullptr);
    answer->discard();
  }

  void discard() {
    g_input_stream_read_async(g_io_stream_get_input_stream(stream_), discarded_.data(),
                              discarded_.size(), G_PRIORITY_DEFAULT, cancellable_,
                              &EarlyAnswer::on_read, this);
  }

  static void on_read(GObject* source, GAsyncResult* result, gpointer self) {
    auto* answer = static_cast<EarlyAnswer*>(self);
    if (g_input_stream_read_finish(G_INPUT_STREAM(source), result, nullptr) > 0) {
      answer->discard();
    } else {
      delete answer;
    }
  }

  GIOStream* const stream_;
  GSocket* const socket_;
  const std::string response_;
  GCancellable* const cancellable_;
  guint timer_ = 0;
  std::array<char, 65536> discarded_;
};

/// A response that waits until libsoup has left its own functions for the connection.
struct Pending {
  SoupServerMessage* message;
  std::string response;
  gulong handler = 0;
  bool finished = false;  ///< The connection has ended.
};

gboolean send_now(gpointer data) {
  const std::unique_ptr<Pending> pending(static_cast<Pending*>(data));
  g_signal_handler_disconnect(pending->message, pending->handler);
  if (!pending->finished) {
    auto* socket = G_SOCKET(g_object_ref(ConnectionGate::socket_of(pending->message)));
    GIOStream* stream = soup_server_message_steal_connection(pending->message);
    new EarlyAnswer(stream, socket, std::move(pending->response));
  }
  g_object_unref(pending->message);
  return G_SOURCE_REMOVE;
}

}  // namespace

void answer_early(SoupServerMessage* message, guint status, const std::string& head,
                  const std::string& body) {
  auto pending = std::make_unique<Pending>();
  pending->response =
      "HTTP/1.1 " + std::to_string(status) + " " + soup_status_get_phrase(status) + "\r\n" + head +
      "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  pending->message = SOUP_SERVER_MESSAGE(g_object_ref(message));
  pending->handler =
      g_signal_connect(message, "finished", G_CALLBACK(+[](SoupServerMessage*, gpointer data) {
                         static_cast<Pending*>(data)->finished = true;
                       }),
                       pending.get());
  soup_server_message_pause(message);
  g_idle_add_full(G_PRIORITY_DEFAULT, send_now, pending.release(), nullptr);
}

}  // namespace npuwhisper::http
