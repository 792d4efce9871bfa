// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <chrono>
#include <future>
#include <memory>

namespace npuwhisper::cli {

/// Waits until an element is finalized, after the program has released the element. GStreamer may
/// finish the state change of a bin in its own thread. That thread may hold the pipeline and all
/// its elements for a few milliseconds longer than the program does. If the process exits during
/// that time, neither the model nor the NPU is closed. Reentrant.
class Finalization {
 public:
  /// The time after which an element counts as leaked.
  static constexpr std::chrono::seconds kTimeout{5};

  /// Watches the element without taking a reference.
  explicit Finalization(GstElement* element) {
    auto promise = std::make_unique<std::promise<void>>();
    done_ = promise->get_future();
    // GObject releases the data of an object after the last finalize function of its classes.
    g_object_set_data_full(G_OBJECT(element), "npuwhisper-finalization", promise.release(), finish);
  }

  /// Waits until the element is finalized, at most for `timeout`. Returns whether the element is
  /// finalized.
  bool wait(std::chrono::nanoseconds timeout = kTimeout) const {
    return done_.wait_for(timeout) == std::future_status::ready;
  }

 private:
  static void finish(gpointer data) {
    const std::unique_ptr<std::promise<void>> promise(static_cast<std::promise<void>*>(data));
    promise->set_value();
  }

  std::future<void> done_;
};

}  // namespace npuwhisper::cli
