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

/// Loads the engine on a thread of its own, tells the bus about it (PROGRESS, or ERROR on failure),
/// and keeps the engine until other options are asked for or the element dies, so that an element
/// that is probed (PAUSED, NULL, PAUSED) does not load again. Thread-safe; one mutex, a leaf.
class EngineLoader {
 public:
  explicit EngineLoader(GstElement* element) : element_(element) {}

  /// Begins to load, unless a load with these options is on its way, has succeeded or has failed.
  /// Call from state changes only; waits for a load with other options. Errors: Unavailable (no
  /// thread to load with): no load has begun, and the bus does not know of it.
  Result<void> start(const EngineOptions& options);
  /// The engine, once it is there; nullptr if loading failed (the bus knows) or `stop` came first.
  std::shared_ptr<Engine> wait(std::stop_token stop);
  /// Waits for the thread: the element goes to NULL and may die. A load that failed is forgotten:
  /// the next start() tries again.
  void end();

  /// True if the last load was of these options, and failed.
  bool failed(const EngineOptions& options) const;
  bool is_loading() const;
  /// The engine, if it is there.
  std::shared_ptr<Engine> engine() const;
  /// How long the last load took.
  std::chrono::nanoseconds load_time() const;

 private:
  /// Failing: it has failed, and the bus is being told. Nobody else is told before that.
  enum class State { Idle, Loading, Failing, Loaded, Failed };
  bool is_busy() const { return state_ == State::Loading || state_ == State::Failing; }
  void load(const EngineOptions& options, int n_load);
  void fail_load(int n_load, const Error& error) noexcept;
  void finish(int n_load, State state);
  void post_progress(GstProgressType type, const char* text) const;

  GstElement* element_;
  mutable std::mutex mutex_;  // Guards the next six.
  std::condition_variable_any changed_;
  State state_ = State::Idle;
  EngineOptions options_;
  int n_loads_ = 0;
  std::shared_ptr<Engine> engine_;
  std::chrono::nanoseconds load_time_{0};
  std::jthread thread_;  // Of the state changes alone.
};

}  // namespace npuwhisper
