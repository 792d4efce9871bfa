// SPDX-License-Identifier: LGPL-2.1-or-later

// A plugin that can crash while GStreamer loads it. Its typefinder handles WAV with a high rank, so
// GStreamer loads the plugin before any other when a WAV file is played. If NPUWHISPER_FAULT names
// a file, the plugin waits until that file exists and then crashes.

#include <gst/gst.h>

#include <csignal>

#define PACKAGE "npuwhisper"

namespace {

void find_nothing(GstTypeFind*, gpointer) {}

gboolean init(GstPlugin* plugin) {
  if (const gchar* file = g_getenv("NPUWHISPER_FAULT")) {
    while (!g_file_test(file, G_FILE_TEST_EXISTS)) g_usleep(1000);
    raise(SIGSEGV);
  }
  return gst_type_find_register(plugin, "faulty", GST_RANK_PRIMARY + 100, find_nothing, "wav",
                                nullptr, nullptr, nullptr);
}

}  // namespace

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, faulty, "Has a fault when it is loaded",
                  init, "1.0", "LGPL", PACKAGE, "Unknown package origin")
