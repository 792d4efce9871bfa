// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {
class CaptionBin;
}

G_BEGIN_DECLS

/// The element `npuwhisperbin` takes video and audio, and outputs captioned video and audio. This
/// file and its source contain the GObject class, the pads, the properties and the state changes.
/// bin/caption_bin.h declares the bin's contents.
#define GST_TYPE_NPU_WHISPER_BIN (gst_npu_whisper_bin_get_type())
G_DECLARE_FINAL_TYPE(GstNpuWhisperBin, gst_npu_whisper_bin, GST, NPU_WHISPER_BIN, GstBin)

struct _GstNpuWhisperBin {
  GstBin parent;
  npuwhisper::CaptionBin* inside;
};

GST_ELEMENT_REGISTER_DECLARE(npuwhisperbin)

G_END_DECLS
