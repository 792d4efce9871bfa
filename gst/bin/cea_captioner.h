// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <mutex>

#include "captioner.h"
#include "converter_flushes.h"
#include "element_group.h"
#include "gst/support/gst_ptr.h"
#include "query_guard.h"
#include "video_repair.h"

namespace npuwhisper {

/// Attaches text to the frames as closed captions, with texttocea608 ("captions" in the bin),
/// ccconverter (for CEA-708 only) and cccombiner. The captions have the framerate of the video, so
/// text is blocked until the video's caps are known.
class CeaCaptioner final : public Captioner {
 public:
  CeaCaptioner(GstBin* bin, CaptionMode mode);

  const std::vector<std::string>& missing() const override { return elements_.missing(); }
  GstPad* video_sink() const override { return video_sink_.get(); }
  GstPad* video_src() const override { return video_src_.get(); }
  bool link_text(GstPad* src) override;
  void unlink_text() override;
  void start() override;
  Result<void> video_caps(const GstCaps* caps) override;
  GstClockTime latency() const override;

 private:
  static GstPadProbeReturn on_text_event(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void let_text_flow();
  // The caller of hold_text() and release_text() holds the mutex.
  void hold_text();
  void release_text();

  ElementGroup elements_;
  const CaptionMode mode_;
  GstElement* captions_ = nullptr;
  GstElement* format_ = nullptr;  // The caps filter after captions_.
  GstElement* combiner_ = nullptr;
  PadPtr video_sink_, video_src_, text_sink_;
  PadPtr captions_src_;  // Sends the captions to combiner_caption_.
  PadPtr combiner_caption_;
  QueryGuard queries_;  // Guards the queue before the combiner.
  VideoRepair video_repair_;
  ConverterFlushes converter_flushes_;

  // Guards the members below. No other lock of this plugin is taken while it is held.
  std::mutex mutex_;
  bool waits_for_video_ = false;
  gulong hold_ = 0;  // ID of the probe that blocks the text; 0 if there is none.
};

}  // namespace npuwhisper
