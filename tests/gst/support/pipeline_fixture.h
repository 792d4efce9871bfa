// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "timeouts.h"

namespace npuwhisper::test {

/// A pipeline from a gst-launch line. The destructor stops the pipeline and checks that no other
/// object holds a reference to it.
class Pipeline {
 public:
  explicit Pipeline(const std::string& description);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  GstElement* get() const { return pipeline_; }
  /// Returns the element named `name`, which the pipeline owns. If there is none, fails the test
  /// and returns nullptr.
  GstElement* element(const char* name) const;

  /// Sets the state and waits until it is reached. Returns false if the state change fails or takes
  /// longer than `timeout`.
  bool set_state(GstState state, std::chrono::milliseconds timeout = kTimeout);
  /// Plays until EOS. After an ERROR or `timeout`, fails the test and returns false. The failure
  /// message quotes the ERROR.
  bool run(std::chrono::milliseconds timeout = std::chrono::seconds(120));
  /// Waits for EOS. Handles an ERROR or `timeout` like run().
  bool wait_for_eos(std::chrono::milliseconds timeout = std::chrono::seconds(120));
  /// Returns the next message of these types, or nullptr after `timeout`.
  std::shared_ptr<GstMessage> message(GstMessageType types,
                                      std::chrono::milliseconds timeout = kTimeout);

 private:
  GstElement* pipeline_ = nullptr;
  GstBus* bus_ = nullptr;
};

/// Returns the number `name` of an element's `stats`. If there is none, fails the test and returns
/// 0.
guint64 stat_of(GstElement* element, const char* name);
double double_stat_of(GstElement* element, const char* name);

}  // namespace npuwhisper::test
