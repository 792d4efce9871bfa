// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "captioner.h"
#include "element_group.h"
#include "gst/support/gst_ptr.h"

namespace npuwhisper {

/// Draws text into the picture with textoverlay ("overlay" in the bin), which waits for the text or
/// GAP of each frame.
class OverlayCaptioner final : public Captioner {
 public:
  explicit OverlayCaptioner(GstBin* bin);

  const std::vector<std::string>& missing() const override { return elements_.missing(); }
  GstPad* video_sink() const override { return video_sink_.get(); }
  GstPad* video_src() const override { return video_src_.get(); }
  bool link_text(GstPad* src) override;
  void unlink_text() override;
  Result<void> video_caps(const GstCaps*) override { return {}; }
  GstClockTime latency() const override { return 0; }

 private:
  ElementGroup elements_;
  PadPtr video_sink_, video_src_, text_sink_;
};

}  // namespace npuwhisper
