// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>

#include "device/device.h"

namespace npuwhisper {

/// Shares one device among streams. The scheduler has no thread of its own. If the device is idle,
/// a caller runs the next batch of waiting requests, which may include other callers' requests. If
/// the device is busy, callers wait, and their requests are run in later batches. A batch is one
/// window, or the decoder rows of one or several streams. A single stream therefore needs no thread
/// switch, and many streams share one pass over the decoder's weights. Requests of live streams run
/// first, in order of arrival. Other requests run when no live request waits, and in any case after
/// kLongestWait. Thread-safe; encode() and decode() block until the work is done. Allocates nothing
/// after construction, unless more than `max_streams` requests wait.
class Scheduler {
 public:
  /// The urgency of a stream's requests.
  enum class Urgency { File, Live };
  /// Maximum time that a request for a file waits for requests of live streams that came later.
  static constexpr std::chrono::seconds kLongestWait{1};

  /// The executables that encode a window: `encoder` writes `features`, and `cross` reads
  /// `features`. If the encoder computes the cross-attention projections itself, `cross` and
  /// `features` are nullptr.
  struct Windows {
    Executable& encoder;
    Executable* cross = nullptr;
    Buffer* features = nullptr;
  };
  /// Creates a scheduler. `max_rows`: number of rows for which `decoder` was prepared.
  /// `max_streams`: number of waiting requests for which memory is reserved.
  Scheduler(const Windows& windows, Executable& decoder, int max_rows, std::size_t max_streams);

  /// Encodes `mel`, [2 * n_audio_ctx, n_mels] in f32, into a stream's cross-attention buffer.
  /// Computes only `positions` of the window. Errors: those of the device.
  Result<void> encode(Buffer& mel, Buffer& cross_cache, const WindowPositions& positions,
                      Urgency urgency = Urgency::File);

  /// Runs decoder rows of one stream. Errors: InvalidArgument (more than max_rows rows), those of
  /// the device.
  Result<void> decode(std::span<const StepRow> rows, Urgency urgency = Urgency::File);

  /// Returns the device's current activity. Never blocks.
  DeviceActivity activity() const;

 private:
  struct Request {
    Buffer* mel = nullptr;          // used by encode()
    Buffer* cross_cache = nullptr;  // used by encode()
    WindowPositions positions;      // used by encode()
    std::span<const StepRow> rows;  // used by decode()
    Urgency urgency = Urgency::File;
    std::chrono::steady_clock::time_point arrived = std::chrono::steady_clock::now();
    Result<void> result;
    bool done = false;
  };
  Result<void> submit(Request& request);
  const Request& most_urgent() const;
  void take_batch();
  void add_to_batch(Urgency urgency, bool encodes);
  Result<void> run_batch();
  Result<void> run_window(const char* stage, Executable& executable, Buffer& from, Buffer& to,
                          const WindowPositions& positions);
  Result<void> run(const char* stage, Executable& executable, const Bindings& bindings);

  const Windows windows_;
  Executable& decoder_;
  const std::size_t max_rows_;

  std::mutex mutex_;  // guards waiting_, busy_, and requests' done and result
  std::condition_variable done_;
  std::vector<Request*> waiting_;  // in order of arrival
  bool busy_ = false;
  // Only the caller that runs a batch accesses batch_ and rows_.
  std::vector<Request*> batch_;
  std::vector<StepRow> rows_;

  // Start time and stage of the run in progress. The start time is stored before the stage. A
  // reader must load the stage first, so that the start time belongs to this stage.
  std::atomic<std::chrono::steady_clock::rep> began_{0};
  std::atomic<const char*> stage_{nullptr};
};

}  // namespace npuwhisper
