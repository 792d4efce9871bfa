// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of an aggregator whose sink pads are flushed while its source pad's thread works.
#include "gst/bin/flushable_aggregator.h"

#include <gst/base/gstaggregator.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "gst/support/gst_ptr.h"
#include "tests/gst/support/blocked_pad.h"
#include "tests/gst/support/timeouts.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kCaps = "application/x-test";
constexpr const char* kOtherCaps = "application/x-other";

// State that the tests and aggregate() share. It is global because aggregate() receives only the
// aggregator.
std::atomic<bool> is_aggregating{false};
std::atomic<bool> may_go_on{false};
std::atomic<bool> is_pushing_caps{false};
std::atomic<bool> pushes_caps{false};
std::atomic<GstFormat> used_format{GST_FORMAT_UNDEFINED};

/// Takes a buffer of the first pad, waits for may_go_on, uses the pad's segment, and pushes the
/// buffer. If pushes_caps is set, also pushes new caps after the buffer, as cccombiner of GStreamer
/// 1.26 does. Returns NEED_DATA if the pad has no buffer.
GstFlowReturn aggregate(GstAggregator* aggregator, gboolean) {
  GstPad* pad = gst_element_get_static_pad(GST_ELEMENT(aggregator), "sink_0");
  const PadPtr owner(pad);
  GstBuffer* buffer = gst_aggregator_pad_peek_buffer(GST_AGGREGATOR_PAD(pad));
  if (buffer == nullptr) return GST_AGGREGATOR_FLOW_NEED_DATA;
  is_aggregating = true;
  eventually([] { return may_go_on.load(); });
  used_format = GST_AGGREGATOR_PAD(pad)->segment.format;
  gst_aggregator_pad_drop_buffer(GST_AGGREGATOR_PAD(pad));
  const GstFlowReturn result = gst_aggregator_finish_buffer(aggregator, buffer);
  if (pushes_caps) {
    is_pushing_caps = true;
    const CapsPtr caps(gst_caps_new_empty_simple(kOtherCaps));
    gst_aggregator_set_src_caps(aggregator, caps.get());
  }
  return result;
}

GstFlowReturn update_src_caps(GstAggregator*, GstCaps*, GstCaps** caps) {
  *caps = gst_caps_new_empty_simple(kCaps);
  return GST_FLOW_OK;
}

void init_class(gpointer type_class, gpointer) {
  const CapsPtr any(gst_caps_new_any());
  GstElementClass* element = GST_ELEMENT_CLASS(type_class);
  gst_element_class_add_pad_template(
      element, gst_pad_template_new_with_gtype("src", GST_PAD_SRC, GST_PAD_ALWAYS, any.get(),
                                               GST_TYPE_AGGREGATOR_PAD));
  gst_element_class_add_pad_template(
      element, gst_pad_template_new_with_gtype("sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, any.get(),
                                               GST_TYPE_AGGREGATOR_PAD));
  gst_element_class_set_static_metadata(element, "Aggregator", "Generic", "For tests",
                                        "npuwhisper");
  GST_AGGREGATOR_CLASS(type_class)->update_src_caps = update_src_caps;
  GST_AGGREGATOR_CLASS(type_class)->aggregate = aggregate;
}

GType aggregator_type() {
  static const GType kType = g_type_register_static_simple(
      GST_TYPE_AGGREGATOR, "NpuwhisperTestAggregator", sizeof(GstAggregatorClass), init_class,
      sizeof(GstAggregator), nullptr, GTypeFlags{});
  return kType;
}

class FlushableAggregator : public ::testing::Test {
 protected:
  FlushableAggregator() {
    is_aggregating = false;
    may_go_on = false;
    pushes_caps = false;
    is_pushing_caps = false;
    used_format = GST_FORMAT_UNDEFINED;
    const GType type = flushable_aggregator(aggregator_type());
    GstElement* aggregator = GST_ELEMENT(g_object_new(type, "name", "aggregator", nullptr));
    GstElement* sink = gst_element_factory_make("fakesink", "sink");
    g_object_set(sink, "async", FALSE, nullptr);
    gst_bin_add_many(GST_BIN(pipeline_.get()), aggregator, sink, nullptr);
    first_.reset(gst_element_request_pad_simple(aggregator, "sink_%u"));
    second_.reset(gst_element_request_pad_simple(aggregator, "sink_%u"));
    source_.reset(gst_element_get_static_pad(aggregator, "src"));
    gst_element_link(aggregator, sink);
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    for (GstPad* pad : {first_.get(), second_.get()}) send_stream(pad);
  }
  ~FlushableAggregator() override {
    may_go_on = true;
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  }

  static void send_stream(GstPad* pad) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_send_event(pad, gst_event_new_stream_start("stream"));
    const CapsPtr caps(gst_caps_new_empty_simple(kCaps));
    gst_pad_send_event(pad, gst_event_new_caps(caps.get()));
    gst_pad_send_event(pad, gst_event_new_segment(&segment));
    GstBuffer* buffer = gst_buffer_new();
    GST_BUFFER_PTS(buffer) = 0;
    GST_BUFFER_DURATION(buffer) = GST_SECOND;
    EXPECT_EQ(gst_pad_chain(pad, buffer), GST_FLOW_OK);
  }

  static void flush(GstPad* pad) {
    gst_pad_send_event(pad, gst_event_new_flush_start());
    gst_pad_send_event(pad, gst_event_new_flush_stop(TRUE));
  }

  const std::unique_ptr<GstElement, ObjectUnref> pipeline_{
      GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("pipeline")))};
  PadPtr first_, second_, source_;
};

TEST_F(FlushableAggregator, AFlushLeavesASegmentInUseAlone) {
  ASSERT_TRUE(eventually([] { return is_aggregating.load(); }));
  auto flushed = std::async(std::launch::async, [this] { flush(first_.get()); });
  EXPECT_EQ(flushed.wait_for(200ms), std::future_status::timeout);
  may_go_on = true;
  EXPECT_EQ(flushed.wait_for(kTimeout), std::future_status::ready);
  EXPECT_EQ(used_format, GST_FORMAT_TIME);
  EXPECT_EQ(GST_AGGREGATOR_PAD(first_.get())->segment.format, GST_FORMAT_UNDEFINED);
}

TEST_F(FlushableAggregator, AFlushDoesNotWaitForDownstream) {
  ASSERT_TRUE(eventually([] { return is_aggregating.load(); }));
  const BlockedPad blocked(source_.get());
  may_go_on = true;
  ASSERT_TRUE(eventually([this] { return gst_pad_is_blocking(source_.get()) != FALSE; }));
  auto flushed = std::async(std::launch::async, [this] { flush(first_.get()); });
  EXPECT_EQ(flushed.wait_for(kTimeout), std::future_status::ready);
}

TEST_F(FlushableAggregator, AFlushDoesNotWaitForCapsThatFollowABuffer) {
  pushes_caps = true;
  const auto hold_caps = [](GstPad*, GstPadProbeInfo* info, gpointer) {
    GstCaps* caps = nullptr;
    GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
    if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) gst_event_parse_caps(event, &caps);
    if (caps != nullptr && gst_structure_has_name(gst_caps_get_structure(caps, 0), kOtherCaps)) {
      is_pushing_caps = true;
      eventually([] { return !pushes_caps.load(); });
    }
    return GST_PAD_PROBE_OK;
  };
  gst_pad_add_probe(source_.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, hold_caps, nullptr,
                    nullptr);
  may_go_on = true;
  ASSERT_TRUE(eventually([] { return is_pushing_caps.load(); }));
  auto flushed = std::async(std::launch::async, [this] { flush(first_.get()); });
  EXPECT_EQ(flushed.wait_for(kAtOnce), std::future_status::ready);
  pushes_caps = false;
}

TEST_F(FlushableAggregator, AGapWithoutASegmentIsDropped) {
  may_go_on = true;
  ASSERT_TRUE(eventually([] { return used_format == GST_FORMAT_TIME; }));
  flush(first_.get());
  GstElement* element = GST_ELEMENT(GST_OBJECT_PARENT(first_.get()));
  // The aggregator's own thread calls this function for a GAP that it took from a pad.
  EXPECT_TRUE(GST_AGGREGATOR_GET_CLASS(element)->sink_event(
      GST_AGGREGATOR(element), GST_AGGREGATOR_PAD(first_.get()), gst_event_new_gap(0, 1)));
}

TEST_F(FlushableAggregator, ATypeIsDerivedOnce) {
  EXPECT_EQ(flushable_aggregator(aggregator_type()), flushable_aggregator(aggregator_type()));
}

}  // namespace
}  // namespace npuwhisper::test
