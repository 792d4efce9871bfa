// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <npuwhisper/result.h>

#include "spool.h"

namespace npuwhisper::server {

/// Limits of the decoding of one upload.
struct DecoderLimits {
  std::uint64_t n_samples = 0;     ///< Maximum number of samples of decoded audio.
  std::chrono::seconds time{120};  ///< Maximum CPU time and maximum wall time.
};

/// The end of a decoder process.
struct DecoderEnd {
  enum class Kind {
    Complete,
    Unreadable,   ///< The upload cannot be decoded.
    TooLong,      ///< The audio is longer than the limit.
    TimedOut,     ///< The decoding took too long.
    NoResources,  ///< The machine lacks space, memory or processes.
  };
  Kind kind = Kind::Complete;
  std::string reason{};     ///< For the user; empty for Complete and TooLong.
  bool was_killed = false;  ///< The process exceeded a limit or crashed.
};

/// A process of its own that decodes one upload, so that a faulty or hostile file cannot harm the
/// server. The destructor kills the process. Use this class from the main context's thread.
class DecoderProcess {
 public:
  using Done = std::function<void(const DecoderEnd&)>;

  /// Starts to decode the file `upload` to AudioPieces in `audio`, which is empty. Calls `done`
  /// once in the main context, unless this object is destroyed before. Errors: Unavailable (no
  /// process could be started).
  static Result<std::unique_ptr<DecoderProcess>> start(const Spool& upload, const Spool& audio,
                                                       const DecoderLimits& limits, Done done);
  ~DecoderProcess();
  DecoderProcess(const DecoderProcess&) = delete;
  DecoderProcess& operator=(const DecoderProcess&) = delete;

 private:
  DecoderProcess(const DecoderLimits& limits, Done done);
  static void on_end(GObject* process, GAsyncResult* result, gpointer self);
  DecoderEnd read_end() const;

  const DecoderLimits limits_;
  const Done done_;
  GSubprocess* process_ = nullptr;
  GCancellable* const cancellable_;
  guint timer_ = 0;
  bool timed_out_ = false;
};

}  // namespace npuwhisper::server
