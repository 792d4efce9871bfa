// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <array>
#include <atomic>

#include "decisions.h"

namespace npuwhisper::fuzz {

/// The pads around an element: one upstream pad, and one downstream pad for each source pad. A
/// downstream pad accepts every buffer immediately and returns the flow return that the input
/// chooses. All calls come from the harness's thread. The functions of the downstream pads run in
/// the element's threads.
class Neighbours {
 public:
  Neighbours(GstElement* element, bool is_live);
  ~Neighbours();
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

  GstPad* upstream() const { return upstream_; }
  /// Returns a downstream pad, which may have no peer.
  GstPad* downstream(Decisions& input) const;
  /// Returns a pad of the element or of its neighbours.
  GstPad* any_pad(Decisions& input) const;

  /// Requests one of the element's request pads, or releases it if it exists.
  void request_or_release(Decisions& input);
  void link_or_unlink(Decisions& input);
  /// Sets the flow return of the downstream pads.
  void answer_with(Decisions& input);

 private:
  static constexpr std::array kNames = {"src", "unsynced_src", "audio_src"};
  struct Output {
    GstPad* from = nullptr;  ///< The element's pad, with a reference; may be null.
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
