// SPDX-License-Identifier: LGPL-2.1-or-later
#include "element_fixture.h"

#include <algorithm>
#include <cmath>

#include "gst/element/gstnpuwhisper.h"
#include "tests/gst/support/pipeline_fixture.h"

namespace npuwhisper::test {
namespace {

constexpr std::size_t kBufferSamples = kSampleRate / 10;

}  // namespace

Pcm tones(double length, const std::vector<std::pair<double, double>>& stretches) {
  Pcm pcm(static_cast<std::size_t>(length * kSampleRate));
  for (const auto& [from, to] : stretches) {
    const auto begin = static_cast<std::size_t>(from * kSampleRate);
    const auto end = std::min(pcm.size(), static_cast<std::size_t>(to * kSampleRate));
    // In a square wave, every sample is loud, so the ends are exact.
    for (std::size_t i = begin; i < end; ++i) pcm[i] = i / 20 % 2 == 0 ? 0.5F : -0.5F;
  }
  return pcm;
}

std::chrono::milliseconds elapsed(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               since);
}

GstElement* ElementTest::make() {
  element_ = GST_ELEMENT(g_object_new(GST_TYPE_NPU_WHISPER, nullptr));
  gst_object_ref_sink(element_);
  bus_ = gst_bus_new();
  gst_element_set_bus(element_, bus_);
  GstPad* src = gst_element_get_static_pad(element_, "src");
  out_ = std::make_unique<Recorder>(src);
  gst_object_unref(src);
  return element_;
}

void ElementTest::play(const char* format, bool live) {
  if (element_ == nullptr) make();
  if (!captions_) gst_util_set_object_arg(G_OBJECT(element_), "caption-style", "none");
  harness_ = gst_harness_new_with_element(element_, "sink", "src");
  gst_harness_set_live(harness_, live);
  gst_harness_set_sink_caps_str(harness_, "text/x-raw, format = (string) { utf8, pango-markup }");
  set_caps(format);
}

void ElementTest::set_caps(const char* format) {
  s16_ = std::string(format) == "S16LE";
  GstCaps* caps = gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING, format, "rate",
                                      G_TYPE_INT, kSampleRate, "channels", G_TYPE_INT, 1, "layout",
                                      G_TYPE_STRING, "interleaved", nullptr);
  gst_harness_set_src_caps(harness_, caps);
}

void ElementTest::TearDown() {
  if (out_) {
    EXPECT_EQ(out_->complaint(), "");
  }
  out_.reset();
  if (harness_ != nullptr) gst_harness_teardown(harness_);
  if (element_ != nullptr) {
    gst_element_set_state(element_, GST_STATE_NULL);
    gst_element_set_bus(element_, nullptr);
    gst_bus_set_flushing(bus_, TRUE);  // Messages hold references to the element.
    // A thread that posted an error may hold a reference a little longer.
    eventually([this] { return GST_OBJECT_REFCOUNT_VALUE(element_) == 1; });
    const int n_references = GST_OBJECT_REFCOUNT_VALUE(element_);
    EXPECT_EQ(n_references, 1) << "a reference to the element leaked";
    gst_object_unref(element_);
    gst_object_unref(bus_);
  }
}

GstFlowReturn ElementTest::push(const Pcm& pcm, GstClockTime pts, bool discont) {
  for (std::size_t i = 0; i < pcm.size(); i += kBufferSamples) {
    const std::size_t n = std::min(kBufferSamples, pcm.size() - i);
    GstBuffer* buffer = nullptr;
    if (s16_) {
      std::vector<gint16> samples(n);
      std::transform(pcm.data() + i, pcm.data() + i + n, samples.begin(),
                     [](float x) { return static_cast<gint16>(std::lround(x * 32768.0F)); });
      buffer = gst_buffer_new_memdup(samples.data(), 2 * n);
    } else {
      buffer = gst_buffer_new_memdup(pcm.data() + i, 4 * n);
    }
    if (GST_CLOCK_TIME_IS_VALID(pts)) {
      GST_BUFFER_PTS(buffer) = pts + gst_util_uint64_scale(i, GST_SECOND, kSampleRate);
      GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(n, GST_SECOND, kSampleRate);
    }
    if (discont && i == 0) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    const GstFlowReturn flow = gst_harness_push(harness_, buffer);
    if (flow != GST_FLOW_OK) return flow;
  }
  return GST_FLOW_OK;
}

bool ElementTest::push_segment(GstClockTime start, GstClockTime base, GstClockTime stop,
                               double rate) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = start;
  segment.time = start;
  segment.position = start;
  segment.stop = stop;
  segment.base = base;
  segment.rate = rate;
  return push_event(gst_event_new_segment(&segment));
}

void ElementTest::finish() {
  push_event(gst_event_new_eos());
  EXPECT_TRUE(out_->wait_for_event(GST_EVENT_EOS)) << "EOS did not come out";
}

std::shared_ptr<GstMessage> ElementTest::message(GstMessageType types,
                                                 std::chrono::milliseconds timeout) {
  GstMessage* found = gst_bus_timed_pop_filtered(
      bus_, static_cast<GstClockTime>(timeout.count()) * GST_MSECOND, types);
  if (found == nullptr) return nullptr;
  return std::shared_ptr<GstMessage>(found, gst_message_unref);
}

guint64 ElementTest::stat(const char* name) const {
  return stat_of(element_, name);
}

double ElementTest::stat_double(const char* name) const {
  return double_stat_of(element_, name);
}

void ElementTest::expect_sticky_events(GstPad* pad, std::initializer_list<GstEventType> types) {
  for (const GstEventType type : types) {
    GstEvent* event = gst_pad_get_sticky_event(pad, type, 0);
    EXPECT_NE(event, nullptr) << gst_event_type_get_name(type);
    gst_clear_event(&event);
  }
}

GstAllocator* ElementTest::offered_allocator(GstAllocationParams* params) const {
  GstCaps* caps = gst_pad_get_current_caps(harness_->srcpad);
  GstQuery* query = gst_query_new_allocation(caps, FALSE);
  GstAllocator* allocator = nullptr;
  EXPECT_TRUE(gst_pad_peer_query(harness_->srcpad, query));
  if (gst_query_get_n_allocation_params(query) > 0) {
    gst_query_parse_nth_allocation_param(query, 0, &allocator, params);
  }
  gst_query_unref(query);
  gst_caps_unref(caps);
  return allocator;
}

}  // namespace npuwhisper::test
