// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the queue of a live pad while nothing consumes its results.
#include "gst/output/output_pad.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gst/element/source_pads.h"
#include "tests/gst/support/recorder.h"

namespace npuwhisper::test {
namespace {

GstStaticPadTemplate json_template = GST_STATIC_PAD_TEMPLATE(
    "unsynced_src", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS("application/x-json"));

/// Tests with a JSON pad of a live element. The pad is blocked from its first event on.
class LiveJsonPad : public ::testing::Test {
 protected:
  void SetUp() override {
    source_ = gst_element_factory_make("fakesrc", nullptr);
    gst_object_ref_sink(source_);
    g_object_set(source_, "is-live", TRUE, nullptr);
    element_ = gst_element_factory_make("identity", nullptr);
    gst_object_ref_sink(element_);
    bus_ = gst_bus_new();
    gst_element_set_bus(element_, bus_);
    gst_element_link(source_, element_);
    GstPad* sink = gst_element_get_static_pad(element_, "sink");
    latency_.query_upstream(sink, true);
    gst_object_unref(sink);
    ASSERT_TRUE(latency_.live());

    output_ = std::make_unique<OutputPad>(element_, OutputPad::Content::Json, latency_, counters_);
    pad_ = gst_pad_new_from_static_template(&json_template, "unsynced_src");
    gst_object_ref_sink(pad_);
    gst_pad_set_element_private(pad_, static_cast<SourceTask*>(output_.get()));
    gst_pad_set_activatemode_function(pad_, source_activate_mode);
    block_ = gst_pad_add_probe(
        pad_, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
        [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
    output_->attach(pad_);
    output_->set_epoch(1);
    ASSERT_TRUE(gst_pad_set_active(pad_, TRUE));

    write(EventPtr(gst_event_new_stream_start("test")));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    write(EventPtr(gst_event_new_segment(&segment)));
    ASSERT_TRUE(eventually([this] { return gst_pad_is_blocking(pad_) != FALSE; }))
        << "what the task takes later begins another WARNING";
  }

  void TearDown() override {
    gst_pad_set_active(pad_, FALSE);
    gst_object_unref(pad_);
    output_.reset();
    gst_element_set_bus(element_, nullptr);
    gst_object_unref(bus_);
    gst_element_unlink(source_, element_);
    gst_object_unref(element_);
    gst_object_unref(source_);
  }

  void write(OutputPad::Item item) { output_->write(1, std::move(item)); }
  /// Writes the output of the i-th pass of a transcriber. A pass covers 100 ms.
  void pass(GstClockTime i, bool has_result) {
    const GstClockTime start = i * 100 * GST_MSECOND;
    const GstClockTime end = start + 50 * GST_MSECOND;
    if (has_result) {
      write(OutputPad::TimedText{{.start = start, .end = end, .text = std::to_string(i)}});
    }
    write(OutputPad::Draft{{.start = end, .end = end, .text = "draft"}});
    write(OutputPad::Advance{.to = end});
  }
  /// Unblocks the pad, waits for EOS, and returns the final results.
  std::vector<Record> let_go() {
    Recorder recorder(pad_);
    write(EventPtr(gst_event_new_eos()));
    gst_pad_remove_probe(pad_, block_);
    EXPECT_TRUE(recorder.wait_for_event(GST_EVENT_EOS));
    std::vector<Record> results = recorder.buffers();
    std::erase_if(results, [](const Record& record) { return record.text == "draft"; });
    return results;
  }
  bool warned() {
    GstMessage* warning = gst_bus_pop_filtered(bus_, GST_MESSAGE_WARNING);
    if (warning != nullptr) gst_message_unref(warning);
    return warning != nullptr;
  }

  GstElement* source_ = nullptr;
  GstElement* element_ = nullptr;
  GstBus* bus_ = nullptr;
  GstPad* pad_ = nullptr;
  gulong block_ = 0;
  Latency latency_;
  Counters counters_;
  std::unique_ptr<OutputPad> output_;
};

TEST_F(LiveJsonPad, DraftsAndAdvancesPushNoResultOut) {
  for (GstClockTime i = 0; i < 2000; ++i) pass(i, i % 2 == 0);
  EXPECT_FALSE(warned());
  const auto results = let_go();
  EXPECT_EQ(results.size(), 1000U);
  EXPECT_EQ(counters_.dropped_results, 0U);
  EXPECT_EQ(counters_.replaced_partial_results, 1999U);
}

TEST_F(LiveJsonPad, ManyPassesWithoutAResultAreOneGap) {
  pass(0, true);
  for (GstClockTime i = 1; i < 2000; ++i) pass(i, false);
  pass(2000, true);
  EXPECT_FALSE(warned());
  EXPECT_EQ(let_go().size(), 2U);
  EXPECT_LE(counters_.gaps, 3U);
}

TEST_F(LiveJsonPad, OfTooManyResultsTheNewestStay) {
  for (GstClockTime i = 0; i < 2000; ++i) pass(i, true);
  EXPECT_TRUE(warned());
  EXPECT_FALSE(warned()) << "once is enough";
  const auto results = let_go();
  EXPECT_GE(results.size(), 1000U);
  EXPECT_EQ(results.size() + counters_.dropped_results, 2000U);
  EXPECT_EQ(results.back().text, "1999");
  EXPECT_TRUE(results.front().discont);
}

}  // namespace
}  // namespace npuwhisper::test
