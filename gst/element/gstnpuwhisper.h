// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {
struct ElementState;
}

G_BEGIN_DECLS

/// The element `npuwhisper` takes audio and outputs timed text. This file and its source contain
/// the GObject class, the pads, the properties and the state changes. sink_pad.h declares the
/// functions of the sink pad, source_pads.h declares the functions of the source pads, and worker.h
/// declares the thread that transcribes.
#define GST_TYPE_NPU_WHISPER (gst_npu_whisper_get_type())
G_DECLARE_FINAL_TYPE(GstNpuWhisper, gst_npu_whisper, GST, NPU_WHISPER, GstElement)

struct _GstNpuWhisper {
  GstElement parent;
  npuwhisper::ElementState* state;
};

GST_ELEMENT_REGISTER_DECLARE(npuwhisper)

G_END_DECLS

namespace npuwhisper {

/// Returns the state of `element`, which must be a GstNpuWhisper.
inline ElementState& state_of(gpointer element) {
  return *GST_NPU_WHISPER(element)->state;
}

}  // namespace npuwhisper
