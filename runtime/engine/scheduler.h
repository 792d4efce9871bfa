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

/// Shares one device among streams. There is no thread of its own: a caller that finds the device idle runs what is
/// waiting, its own work and that of others, in one batch; callers that find it busy wait, and are in the next batch
/// together. So a single stream pays for no hand-over, and many streams share one pass over the decoder's weights.
/// Thread-safe; calls block until the work is done. Allocates nothing after create.
class Scheduler {
 public:
  /// What encodes a window: `encoder` gives `features`, `cross` takes them; or the encoder does both, and there are
  /// neither.
  struct Windows {
    Executable& encoder;
    Executable* cross = nullptr;
    Buffer* features = nullptr;
  };
  /// `max_rows` is what `decoder` was prepared for.
  Scheduler(const Windows& windows, Executable& decoder, int max_rows, std::size_t max_streams);

  /// Mel [2 * n_audio_ctx, n_mels] in f32 to a stream's cross-attention buffer: those positions of it.
  Result<void> encode(Buffer& mel, Buffer& cross_cache, const WindowPositions& positions);

  /// Decoder rows of one stream, at most max_rows.
  Result<void> decode(std::span<const StepRow> rows);

  /// Never blocks.
  DeviceActivity activity() const;

 private:
  struct Request {
    Buffer* mel = nullptr;            // encode
    Buffer* cross_cache = nullptr;
    WindowPositions positions;
    std::span<const StepRow> rows;    // decode
    Result<void> result;
    bool done = false;
  };
  Result<void> submit(Request& request);
  void take_batch();
  Result<void> run_batch();
  Result<void> run_window(const char* stage, Executable& executable, Buffer& from, Buffer& to,
                          const WindowPositions& positions);
  Result<void> run(const char* stage, Executable& executable, const Bindings& bindings);

  const Windows windows_;
  Executable& decoder_;
  const std::size_t max_rows_;

  std::mutex mutex_;                     // guards waiting_ and busy_, and every request's done and result
  std::condition_variable done_;
  std::vector<Request*> waiting_;        // first come, first served
  bool busy_ = false;
  // Of the caller that is running a batch.
  std::vector<Request*> batch_;
  std::vector<StepRow> rows_;

  // The run that goes on. Its begin is stored before its name.
  std::atomic<std::chrono::steady_clock::rep> began_{0};
  std::atomic<const char*> stage_{nullptr};
};

}  // namespace npuwhisper
