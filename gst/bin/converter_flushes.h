// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

#include "../gst_ptr.h"

namespace npuwhisper {

/// Keeps FLUSH_START from ccconverter while it converts a buffer (as seen in GStreamer 1.22).
///
/// FLUSH_START comes in a thread of its own. ccconverter then frees its state at once, also while
/// its streaming thread uses it: the latter finds no buffer to copy metadata from, or one that is
/// freed. Here FLUSH_START goes downstream first, which makes the streaming thread return, and
/// reaches ccconverter after that.
///
/// attach() is for state changes. The object must outlive the data flow.
class ConverterFlushes {
 public:
  ConverterFlushes() = default;
  ConverterFlushes(const ConverterFlushes&) = delete;
  ConverterFlushes& operator=(const ConverterFlushes&) = delete;

  /// nullptr: does nothing.
  void attach(GstElement* converter);

 private:
  static GstPadProbeReturn on_sink(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_src(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  PadPtr src_;
  // Downstream has had the FLUSH_START that ccconverter gets now.
  std::atomic<bool> passed_{false};
};

}  // namespace npuwhisper
