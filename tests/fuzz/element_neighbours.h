// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <array>
#include <atomic>

#include "decisions.h"

namespace npuwhisper::fuzz {

/// The pads around an element: one upstream, and one downstream for each source pad, which takes
/// everything at once and answers as the input says. All calls come from the harness's thread;
/// the downstream pads' functions run in the element's threads.
class Neighbours {
 public:
  Neighbours(GstElement* element, bool is_live);
  ~Neighbours();
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

  GstPad* upstream() const { return upstream_; }
  /// A pad that may have no peer.
  GstPad* downstream(Decisions& input) const;
  /// One of the element's own pads, or of the neighbours'.
  GstPad* any_pad(Decisions& input) const;

  /// Requests a source pad of the element that has none yet, else releases it.
  void request_or_release(Decisions& input);
  void link_or_unlink(Decisions& input);
  /// What the downstream pads return from now on.
  void answer_with(Decisions& input);

 private:
  static constexpr std::array kNames = {"src", "unsynced_src", "audio_src"};
  struct Output {
    GstPad* from = nullptr;  ///< The element's, with a reference; may be missing.
    GstPad* to = nullptr;
  };

  static GstFlowReturn chain(GstPad* pad, GstObject* parent, GstBuffer* buffer);
  static gboolean answer_query(GstPad* pad, GstObject* parent, GstQuery* query);
  void release(Output& output);

  GstElement* element_;
  GstPad* upstream_;
  GstPad* sink_;
  bool is_live_;
  std::array<Output, 3> outputs_{};
  std::atomic<GstFlowReturn> answer_{GST_FLOW_OK};
};

}  // namespace npuwhisper::fuzz
