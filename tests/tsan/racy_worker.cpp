// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the statistics of an element whose worker has a lock that is invisible to ThreadSanitizer.
// A race must be reported.

#include <gst/check/gstharness.h>

#include "gst/element/gstnpuwhisper.h"
#include "tests/gst/support/scripted_runtime.h"
#include "tests/gst/support/timeouts.h"

namespace npuwhisper::test {
namespace {

// Returns the number of samples in the worker's statistics.
guint64 samples_heard(GstElement* element) {
  GstStructure* stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  guint64 samples = 0;
  gst_structure_get_uint64(stats, "samples", &samples);
  gst_structure_free(stats);
  return samples;
}

int run() {
  set_script({});
  GstElement* element = gst_element_factory_make("npuwhisper", nullptr);
  GstHarness* harness = gst_harness_new_with_element(element, "sink", "src");
  gst_harness_play(harness);
  gst_harness_set_src_caps_str(harness,
                               "audio/x-raw,format=F32LE,rate=16000,channels=1,layout=interleaved");
  for (guint i = 0; i < 20; ++i) {
    g_object_set(element, "beam-size", 1 + i % 4, nullptr);  // Forces a new transcriber.
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 6400, nullptr);
    gst_buffer_memset(buffer, 0, 0, 6400);
    GST_BUFFER_PTS(buffer) = i * 100 * GST_MSECOND;
    gst_harness_push(harness, buffer);
    // The new transcriber has replaced the previous one once it has received the samples.
    if (!eventually([&] { return samples_heard(element) >= (i + 1) * 1600; })) return 1;
  }
  gst_harness_teardown(harness);
  gst_object_unref(element);
  return 0;
}

}  // namespace
}  // namespace npuwhisper::test

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  gst_element_register(nullptr, "npuwhisper", GST_RANK_NONE, GST_TYPE_NPU_WHISPER);
  return npuwhisper::test::run();
}
