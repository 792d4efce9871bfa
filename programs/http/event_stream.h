// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace npuwhisper::http {

/// A response of Server-Sent Events (WHATWG HTML, "Server-sent events"). At most one chunk is in
/// flight. When that chunk has been written, the next chunk is built from all events that the
/// client has not received yet. A client that reads slowly therefore occupies one chunk of memory,
/// and does not delay other clients. Use the stream from the main context's thread.
class EventStream {
 public:
  using Clock = std::chrono::steady_clock;
  /// Returns the events not yet sent to this client, or "" if there are none now. Returns nullopt
  /// after the last event: the response then ends.
  using Read = std::function<std::optional<std::string>()>;

  /// Answers `message`, which is paused while there is nothing to send. pump() and the end of each
  /// chunk call `read`.
  EventStream(SoupServerMessage* message, Read read);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// Sends the new events immediately or, if a chunk is in flight, after that chunk has been
  /// written.
  void pump();
  /// Returns whether a chunk has been in flight for longer than `limit`.
  bool stalled(Clock::time_point now, Clock::duration limit) const;
  bool idle() const { return !writing_; }
  /// Ends the response after all events that the client has not received yet.
  void finish();
  /// Shuts down the connection.
  void drop();

 private:
  void complete();
  static void wrote_chunk(SoupServerMessage* message, gpointer self);

  SoupServerMessage* message_;
  const Read read_;
  gulong handler_ = 0;
  bool writing_ = false;
  bool ending_ = false;
  bool finished_ = false;
  Clock::time_point since_{};
};

}  // namespace npuwhisper::http
