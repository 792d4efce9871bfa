// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/engine.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace npuwhisper {

/// Loads the engine in a thread of its own and reports on the bus (PROGRESS, or ERROR on failure).
/// Keeps the engine until other options are requested or the element is finalized, so that an
/// application that probes the element (PAUSED, NULL, PAUSED) does not load the engine twice.
/// Thread-safe, except that only the element's state changes may call start() and end(), one at a
/// time. No other lock is taken while the mutex is held.
class EngineLoader {
 public:
  explicit EngineLoader(GstElement* element) : element_(element) {}

  /// Starts to load the engine, unless a load with these options is in progress, has succeeded or
  /// has failed. Waits for a load with other options to end, and releases its engine. Errors:
  /// Unavailable if the thread cannot be started. After this error, no load is in progress and no
  /// message is posted on the bus.
  Result<void> start(const EngineOptions& options);
  /// Waits for the load and returns the engine. Returns nullptr if loading failed (an ERROR was
  /// posted), if no load was started or if `stop` was requested first.
  std::shared_ptr<Engine> wait(std::stop_token stop);
  /// Waits until the loading thread has ended, because the element may be finalized in NULL.
  /// Discards the result of a failed load, so that the next start() tries again.
  void end();

  /// Returns true if the last load had these options and failed.
  bool failed(const EngineOptions& options) const;
  bool is_loading() const;
  /// Returns the engine, or nullptr if it is not loaded.
  std::shared_ptr<Engine> engine() const;
  /// Returns the duration of the last load that succeeded.
  std::chrono::nanoseconds load_time() const;

 private:
  /// In state Failing, the load has failed and the ERROR is being posted. wait() returns after the
  /// ERROR was posted.
  enum class State { Idle, Loading, Failing, Loaded, Failed };
  bool is_busy() const { return state_ == State::Loading || state_ == State::Failing; }
  void load(const EngineOptions& options, int n_load);
  void fail_load(int n_load, const Error& error) noexcept;
  void finish(int n_load, State state);
  void post_progress(GstProgressType type, const char* text) const;

  GstElement* element_;
  mutable std::mutex mutex_;  // Guards all members below except thread_.
  std::condition_variable_any changed_;
  State state_ = State::Idle;
  EngineOptions options_;
  int n_loads_ = 0;
  std::shared_ptr<Engine> engine_;
  std::chrono::nanoseconds load_time_{0};
  std::jthread thread_;  // Accessed only by state changes.
};

}  // namespace npuwhisper
