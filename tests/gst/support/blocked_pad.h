// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper::test {

/// Blocks a pad while this object exists. A thread that pushes to the pad waits.
class BlockedPad {
 public:
  explicit BlockedPad(GstPad* pad) : pad_(GST_PAD(gst_object_ref(pad))) {
    constexpr auto kBlock = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM);
    probe_ = gst_pad_add_probe(
        pad_, kBlock, [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr,
        nullptr);
  }
  ~BlockedPad() {
    gst_pad_remove_probe(pad_, probe_);
    gst_object_unref(pad_);
  }
  BlockedPad(const BlockedPad&) = delete;
  BlockedPad& operator=(const BlockedPad&) = delete;

 private:
  GstPad* pad_;
  gulong probe_;
};

}  // namespace npuwhisper::test
