// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

#include "gst/support/gst_ptr.h"

namespace npuwhisper {

/// Delays FLUSH_START until ccconverter has converted its current buffer. GStreamer 1.22 needs this
/// delay.
///
/// FLUSH_START and buffers arrive in different threads. At FLUSH_START, ccconverter frees its state
/// immediately, even while its streaming thread uses that state. The streaming thread then finds no
/// buffer to copy metadata from, or a freed buffer. This class first sends FLUSH_START downstream,
/// which makes the streaming thread return, and only then passes the event to ccconverter.
///
/// attach() must be called before data flows. The object must outlive the data flow.
class ConverterFlushes {
 public:
  ConverterFlushes() = default;
  ConverterFlushes(const ConverterFlushes&) = delete;
  ConverterFlushes& operator=(const ConverterFlushes&) = delete;

  /// Adds the probes to `converter`. Does nothing if `converter` is nullptr.
  void attach(GstElement* converter);

 private:
  static GstPadProbeReturn on_sink(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_src(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  PadPtr src_;
  // True after on_sink() has sent FLUSH_START downstream. on_src() must drop the FLUSH_START that
  // ccconverter then forwards.
  std::atomic<bool> passed_{false};
};

}  // namespace npuwhisper
