// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include <npuwhisper/result.h>

namespace npuwhisper::server {

/// Limits what a WebSocket's client sends beside whole messages. libsoup limits only a frame: it
/// collects any number of frames of a message, and answers each ping in memory. A thread of its own
/// compares the bytes that have been read from the socket with those of messages, because libsoup
/// reads as long as bytes arrive, without returning to the main loop.
class InputLimit {
 public:
  /// Watches a connected TCP socket from now on. If more than `most` bytes beside messages have
  /// been read, shuts the socket down. Errors: Unavailable (no descriptor or thread).
  static Result<std::unique_ptr<InputLimit>> create(int socket, std::uint64_t most);
  /// The socket is closed after this, if nobody else has it open.
  ~InputLimit();
  InputLimit(const InputLimit&) = delete;
  InputLimit& operator=(const InputLimit&) = delete;

  /// Counts a message. Thread-safe.
  void add_message(std::uint64_t bytes);

 private:
  InputLimit(int socket, std::uint64_t most);
  void run();
  bool is_exceeded() const;

  const int socket_;  // A descriptor of its own.
  const std::uint64_t most_;
  const std::int64_t first_;  // Bytes read before.
  std::atomic<std::uint64_t> n_message_bytes_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace npuwhisper::server
