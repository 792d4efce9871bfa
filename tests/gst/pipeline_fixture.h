// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "patience.h"

namespace npuwhisper::test {

/// A pipeline from a gst-launch line. Stops it and checks that nothing kept it alive.
class Pipeline {
 public:
  explicit Pipeline(const std::string& description);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  GstElement* get() const { return pipeline_; }
  /// The element named `name`; owned by the pipeline.
  GstElement* element(const char* name) const;

  /// Sets the state and waits until it is reached.
  bool set_state(GstState state, std::chrono::milliseconds timeout = kPatience);
  /// Plays until EOS; false (and a test failure that quotes it) after an ERROR or `timeout`.
  bool run(std::chrono::milliseconds timeout = std::chrono::seconds(120));
  /// Waits for EOS likewise.
  bool wait_for_eos(std::chrono::milliseconds timeout = std::chrono::seconds(120));
  /// The next message of these types; nullptr after `timeout`.
  std::shared_ptr<GstMessage> message(GstMessageType types,
                                      std::chrono::milliseconds timeout = kPatience);

 private:
  GstElement* pipeline_ = nullptr;
  GstBus* bus_ = nullptr;
};

/// A number of an element's `stats`.
guint64 stat_of(GstElement* element, const char* name);
double double_stat_of(GstElement* element, const char* name);

}  // namespace npuwhisper::test
