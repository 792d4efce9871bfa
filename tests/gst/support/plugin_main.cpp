// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>
#include <gtest/gtest.h>

// Tests the built plugin, found through GST_PLUGIN_PATH. Returns 77 if a test was skipped, so that
// Meson reports the skip.
int main(int argc, char** argv) {
  // Setting G_DEBUG here would be too late, because GLib reads it before main().
  g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
  gst_init(&argc, &argv);
  ::testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  gst_deinit();
  if (result != 0) return result;
  return ::testing::UnitTest::GetInstance()->skipped_test_count() > 0 ? 77 : 0;
}
