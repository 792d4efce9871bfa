// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <chrono>

#include "caption_feed.h"

namespace npuwhisper::monitor {

/// One browser's connection to the feed: an HTTP response that goes on. At most one chunk of it is
/// on its way, and the next is made of what is new by then; so a browser that reads slowly costs
/// kMaxChunk bytes and keeps nobody waiting. For the main context's thread.
class EventStream {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxChunk = 32768;

  /// Answers `message`, which is paused while there is nothing to say.
  EventStream(SoupServerMessage* message, const CaptionFeed& feed, CaptionFeed::Reader reader);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// Sends what is new, unless a chunk is on its way: then that happens when it has been written.
  void pump();
  /// Whether a chunk has been on its way for longer than `limit`.
  bool stalled(Clock::time_point now, Clock::duration limit) const;
  bool idle() const { return !writing_; }
  /// Ends the response, once what is on its way has been written.
  void finish();
  /// Breaks the connection off.
  void drop();

 private:
  static void wrote_chunk(SoupServerMessage* message, gpointer self);

  SoupServerMessage* message_;
  const CaptionFeed& feed_;
  CaptionFeed::Reader reader_;
  gulong handler_ = 0;
  bool writing_ = false;
  bool finished_ = false;
  Clock::time_point since_{};
};

}  // namespace npuwhisper::monitor
