// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <mutex>
#include <stop_token>

namespace npuwhisper {

/// Ends the waits of a streaming thread when the element is stopped or flushed. Thread-safe; never
/// blocks. The mutex is held while stop callbacks run, so a stop callback must not call this
/// object.
class WaitCancellation {
 public:
  /// Returns the stop token for one wait. A stop is requested as soon as the wait must end.
  std::stop_token token() const {
    const std::scoped_lock lock(mutex_);
    return source_.get_token();
  }
  void start() {
    const std::scoped_lock lock(mutex_);
    running_ = true;
    source_ = std::stop_source();
  }
  void stop() {
    const std::scoped_lock lock(mutex_);
    running_ = false;
    source_.request_stop();
  }
  void flush_start() {
    const std::scoped_lock lock(mutex_);
    source_.request_stop();
  }
  void flush_stop() {
    const std::scoped_lock lock(mutex_);
    if (running_) source_ = std::stop_source();
  }

 private:
  mutable std::mutex mutex_;
  std::stop_source source_;
  bool running_ = false;
};

}  // namespace npuwhisper
