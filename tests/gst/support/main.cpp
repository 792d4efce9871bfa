// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>
#include <gtest/gtest.h>

#include "gst/bin/gstnpuwhisperbin.h"
#include "gst/cea608/gsttexttocea608.h"
#include "gst/element/gstnpuwhisper.h"

// Runs tests on the scripted runtime with elements that this program registers itself. Treats
// GStreamer's criticals (a bad cast, a lost reference) as failures.
int main(int argc, char** argv) {
  // Setting G_DEBUG here would be too late, because GLib reads it before main().
  g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
  gst_init(&argc, &argv);
  gst_element_register(nullptr, "npuwhisper", GST_RANK_NONE, GST_TYPE_NPU_WHISPER);
  gst_element_register(nullptr, "texttocea608", GST_RANK_NONE, GST_TYPE_TEXT_TO_CEA608);
  gst_element_register(nullptr, "npuwhisperbin", GST_RANK_NONE, GST_TYPE_NPU_WHISPER_BIN);
  ::testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  gst_deinit();
  return result;
}
