// SPDX-License-Identifier: LGPL-2.1-or-later
#include "live_feed.h"

#include <npuwhisper/transcriber.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "gst/element/element_state.h"
#include "gst/element/gstnpuwhisper.h"

namespace npuwhisper::soak {

using Clock = std::chrono::steady_clock;

LiveFeed::LiveFeed(GstElement* element, Pace pace) : element_(element), pace_(pace) {
  harness_ = gst_harness_new_with_element(element_, "sink", "src");
  json_ = gst_harness_new_with_element(element_, nullptr, "unsynced_src");
  for (GstHarness* harness : {harness_, json_}) gst_harness_set_drop_buffers(harness, TRUE);
  gst_harness_set_live(harness_, TRUE);
  gst_harness_set_sink_caps_str(harness_, "text/x-raw, format = (string) utf8");
  gst_harness_set_sink_caps_str(json_, "application/x-json");
  if (pace_ == Pace::RealTime) {
    gst_harness_use_systemclock(harness_);
  } else {
    gst_harness_use_testclock(harness_);
  }
  begin();
}

LiveFeed::~LiveFeed() {
  gst_harness_teardown(json_);
  gst_harness_teardown(harness_);
}

void LiveFeed::begin() {
  gst_harness_play(harness_);
  GstClock* clock = gst_element_get_clock(element_);
  base_ = gst_clock_get_time(clock) - running_time_;
  gst_object_unref(clock);
  gst_element_set_base_time(element_, base_);
  gst_harness_push_event(harness_, gst_event_new_stream_start("soak"));
  send_caps();
  send_segment(pts_);
}

void LiveFeed::send_segment(GstClockTime start) {
  pts_ = start;
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = segment.time = segment.position = start;
  segment.base = running_time_;
  gst_harness_push_event(harness_, gst_event_new_segment(&segment));
}

// Advances pts_ and running_time_ by `duration`. Sets the test clock to the new running time, or
// waits until the system clock reaches it.
void LiveFeed::pass(GstClockTime duration) {
  pts_ += duration;
  running_time_ += duration;
  if (pace_ == Pace::AsFastAsItCan) {
    gst_harness_set_time(harness_, base_ + running_time_);
    return;
  }
  GstClock* clock = gst_element_get_clock(element_);
  const GstClockTime now = gst_clock_get_time(clock);
  gst_object_unref(clock);
  if (now < base_ + running_time_) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(base_ + running_time_ - now));
  }
}

Result<void> LiveFeed::send(std::span<const float> pcm) {
  GstBuffer* buffer = nullptr;
  if (s16_) {
    buffer = gst_buffer_new_allocate(nullptr, 2 * pcm.size(), nullptr);
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_WRITE);
    std::transform(pcm.begin(), pcm.end(), reinterpret_cast<gint16*>(map.data), [](float sample) {
      return static_cast<gint16>(std::lround(sample * 32767.0F));
    });
    gst_buffer_unmap(buffer, &map);
  } else {
    buffer = gst_buffer_new_allocate(nullptr, 4 * pcm.size(), nullptr);
    gst_buffer_fill(buffer, 0, pcm.data(), pcm.size_bytes());
  }
  GST_BUFFER_PTS(buffer) = pts_;
  GST_BUFFER_DURATION(buffer) = pcm.size() * GST_SECOND / kSampleRate;
  if (discont_) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  discont_ = false;
  const GstClockTime duration = GST_BUFFER_DURATION(buffer);
  const GstFlowReturn flow = gst_harness_push(harness_, buffer);
  forget_output();
  if (flow != GST_FLOW_OK) {
    return fail(ErrorCode::Unavailable,
                std::string("the element returned ") + gst_flow_get_name(flow));
  }
  pass(duration);
  return {};
}

Result<void> LiveFeed::wait_until_taken() {
  const InputQueue& input = GST_NPU_WHISPER(element_)->state->input;
  const auto start = Clock::now();
  while (input.n_waiting() > 0) {
    if (Clock::now() - start > kTimeout) {
      return fail(ErrorCode::Timeout, "the element has consumed nothing for " +
                                          std::to_string(kTimeout.count()) + " s");
    }
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  longest_wait_ =
      std::max(longest_wait_, std::chrono::duration<double>(Clock::now() - start).count());
  return {};
}

Result<void> LiveFeed::push(std::span<const float> pcm) {
  if (auto sent = send(pcm); !sent) return sent;
  return pace_ == Pace::AsFastAsItCan ? wait_until_taken() : Result<void>();
}

Result<void> LiveFeed::burst(std::span<const float> pcm) {
  return send(pcm);
}

void LiveFeed::seek(GstClockTime to) {
  GstEvent* asked = gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET,
                                       static_cast<gint64>(to), GST_SEEK_TYPE_NONE, 0);
  const guint32 seqnum = gst_event_get_seqnum(asked);
  gst_harness_push_upstream_event(harness_, asked);
  for (GstEvent* event : {gst_event_new_flush_start(), gst_event_new_flush_stop(FALSE)}) {
    gst_event_set_seqnum(event, seqnum);
    gst_harness_push_event(harness_, event);
  }
  send_segment(to);
}

void LiveFeed::gap(GstClockTime duration) {
  gst_harness_push_event(harness_, gst_event_new_gap(pts_, duration));
  pass(duration);
}

void LiveFeed::lose(GstClockTime duration) {
  pass(duration);
  discont_ = true;
}

void LiveFeed::change_caps() {
  s16_ = !s16_;
  send_caps();
}

// Sends only CAPS. gst_harness_set_src_caps() would also send a segment.
void LiveFeed::send_caps() {
  GstCaps* caps = gst_caps_new_simple(
      "audio/x-raw", "format", G_TYPE_STRING, s16_ ? "S16LE" : "F32LE", "rate", G_TYPE_INT,
      kSampleRate, "channels", G_TYPE_INT, 1, "layout", G_TYPE_STRING, "interleaved", nullptr);
  gst_harness_push_event(harness_, gst_event_new_caps(caps));
  gst_caps_unref(caps);
}

void LiveFeed::change_segment(GstClockTime to) {
  send_segment(to);
  discont_ = true;
}

void LiveFeed::restart() {
  gst_element_set_state(element_, GST_STATE_READY);
  gst_element_set_state(element_, GST_STATE_PLAYING);
  begin();
}

Result<void> LiveFeed::end() {
  gst_harness_push_event(harness_, gst_event_new_eos());
  const auto start = Clock::now();
  while (Clock::now() - start < kTimeout) {
    GstEvent* event = gst_harness_try_pull_event(harness_);
    if (event == nullptr) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    const bool is_end = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    gst_event_unref(event);
    if (is_end) return {};
  }
  return fail(ErrorCode::Timeout, "EOS did not come out");
}

// Discards the output, because a harness keeps every event.
void LiveFeed::forget_output() {
  for (GstHarness* harness : {harness_, json_}) {
    while (GstEvent* event = gst_harness_try_pull_event(harness)) gst_event_unref(event);
  }
  while (GstEvent* event = gst_harness_try_pull_upstream_event(harness_)) gst_event_unref(event);
}

}  // namespace npuwhisper::soak
