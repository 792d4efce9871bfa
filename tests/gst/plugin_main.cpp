// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstdlib>

// Runs the plugin as it was built, found through GST_PLUGIN_PATH. Returns 77 when a test was
// skipped, so that Meson says so.
int main(int argc, char** argv) {
  setenv("G_DEBUG", "fatal-criticals", 0);
  gst_init(&argc, &argv);
  ::testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  gst_deinit();
  if (result != 0) return result;
  return ::testing::UnitTest::GetInstance()->skipped_test_count() > 0 ? 77 : 0;
}
