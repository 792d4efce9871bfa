// SPDX-License-Identifier: LGPL-2.1-or-later
#include "situations.h"

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include <algorithm>
#include <random>
#include <vector>

namespace npuwhisper::test {
namespace {

constexpr int kRate = 16'000;
constexpr std::size_t kChunk = kRate / 10;

/// An element between a source and a sink. The calling thread drives the source and the sink.
class Stream {
 public:
  Stream(const Setting& setting, bool is_live) : is_live_(is_live) {
    element_ = gst_element_factory_make("npuwhisper", nullptr);
    if (element_ == nullptr) g_error("no element 'npuwhisper'");
    gst_object_ref_sink(element_);
    // These thresholds accept any text of a model with random weights.
    g_object_set(element_, "model", setting.model.c_str(), "n-threads", 2, "temperature-increment",
                 0.0, "no-speech-threshold", 1.0, "log-prob-threshold", -100.0,
                 "compression-ratio-threshold", 100.0, "word-times", TRUE, nullptr);
    for (const auto& [name, value] : {std::pair{"device", setting.device.c_str()},
                                      std::pair{"vad", "off"}, std::pair{"language-code", "en"}}) {
      gst_util_set_object_arg(G_OBJECT(element_), name, value);
    }
    if (is_live) g_object_set(element_, "latency", 2000, nullptr);
    bus_ = gst_bus_new();
    gst_element_set_bus(element_, bus_);
  }
  ~Stream() {
    stop();
    gst_element_set_bus(element_, nullptr);
    gst_object_unref(bus_);
    // A thread that posted an error may hold a reference a little longer.
    for (int i = 0; GST_OBJECT_REFCOUNT_VALUE(element_) > 1 && i < 5000; ++i) g_usleep(1000);
    if (GST_OBJECT_REFCOUNT_VALUE(element_) > 1) g_error("a reference to the element leaked");
    gst_object_unref(element_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void start() {
    if (gst_element_set_state(element_, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
      refused_ = true;
      return;
    }
    harness_ = gst_harness_new_with_element(element_, "sink", "src");
    gst_harness_set_live(harness_, is_live_);
    gst_harness_set_sink_caps_str(harness_, "text/x-raw, format = (string) { utf8, pango-markup }");
    GstCaps* caps = gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING, "F32LE", "rate",
                                        G_TYPE_INT, kRate, "channels", G_TYPE_INT, 1, "layout",
                                        G_TYPE_STRING, "interleaved", nullptr);
    gst_harness_set_src_caps(harness_, caps);
  }

  void stop() {
    gst_element_set_state(element_, GST_STATE_NULL);
    if (harness_ != nullptr) gst_harness_teardown(harness_);
    harness_ = nullptr;
  }

  /// Pushes noise from second `from` to second `to`. Calls with the same `from` push the same
  /// noise.
  void push(int from, int to) {
    if (harness_ == nullptr) return;
    std::mt19937 generator(static_cast<unsigned>(from));
    std::uniform_real_distribution<float> noise(-0.3F, 0.3F);
    for (int chunk = 10 * from; chunk < 10 * to; ++chunk) {
      std::array<float, kChunk> pcm{};
      for (float& x : pcm) x = noise(generator);
      GstBuffer* buffer = gst_buffer_new_memdup(pcm.data(), sizeof pcm);
      GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(chunk) * GST_SECOND / 10;
      GST_BUFFER_DURATION(buffer) = GST_SECOND / 10;
      if (gst_harness_push(harness_, buffer) != GST_FLOW_OK) {
        refused_ = true;
        return;
      }
    }
  }

  void seek(int to) {
    if (harness_ == nullptr) return;
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = segment.time = segment.position = static_cast<GstClockTime>(to) * GST_SECOND;
    gst_harness_push_event(harness_, gst_event_new_flush_start());
    gst_harness_push_event(harness_, gst_event_new_flush_stop(TRUE));
    gst_harness_push_event(harness_, gst_event_new_segment(&segment));
  }

  /// Ends the stream and waits for EOS or an ERROR.
  void finish() {
    if (harness_ != nullptr) gst_harness_push_event(harness_, gst_event_new_eos());
    // After a refusal, the element may post its ERROR later.
    while ((!finished_ || refused_) && error_.empty()) {
      collect();
      if ((!finished_ || refused_) && error_.empty()) g_usleep(1000);
    }
    collect();
  }

  Outcome outcome() {
    poll_error();
    return {error_, refused_, finished_, text_, {}};
  }
  /// Discards the output so far.
  void clear() {
    collect();
    finished_ = false;
    text_.clear();
  }
  void forget_failure() {
    error_.clear();
    refused_ = finished_ = false;
    text_.clear();
    gst_bus_set_flushing(bus_, TRUE);
    gst_bus_set_flushing(bus_, FALSE);
  }

 private:
  void collect() {
    poll_error();
    if (harness_ == nullptr) return;
    while (GstBuffer* buffer = gst_harness_try_pull(harness_)) {
      GstMapInfo map;
      gst_buffer_map(buffer, &map, GST_MAP_READ);
      text_ += std::to_string(GST_BUFFER_PTS(buffer) / GST_MSECOND) + ' ' +
               std::string(reinterpret_cast<const char*>(map.data), map.size) + '\n';
      gst_buffer_unmap(buffer, &map);
      gst_buffer_unref(buffer);
    }
    while (GstEvent* event = gst_harness_try_pull_event(harness_)) {
      if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) finished_ = true;
      gst_event_unref(event);
    }
  }

  void poll_error() {
    while (GstMessage* message = gst_bus_pop_filtered(bus_, GST_MESSAGE_ERROR)) {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      if (error_.empty()) error_ = error->message;
      g_error_free(error);
      gst_message_unref(message);
    }
  }

  const bool is_live_;
  GstElement* element_ = nullptr;
  GstBus* bus_ = nullptr;
  GstHarness* harness_ = nullptr;
  std::string error_;
  bool refused_ = false;
  bool finished_ = false;
  std::string text_;
};

std::string play_again(Stream& stream) {
  stream.forget_failure();
  stream.start();
  stream.push(0, 6);
  stream.finish();
  const Outcome outcome = stream.outcome();
  return outcome.error.empty() ? outcome.text : "ERROR: " + outcome.error;
}

}  // namespace

const char* to_string(Situation situation) {
  constexpr std::array<const char*, 5> kNames = {"load", "file", "live", "seek", "stop"};
  return kNames[static_cast<std::size_t>(situation)];
}

Outcome run_situation(Situation situation, const Setting& setting,
                      const std::function<void()>& begin, const std::function<void()>& end) {
  Stream stream(setting, situation == Situation::Live);
  if (situation == Situation::Load) begin();
  stream.start();
  // A first stream of 1 s makes the element load its model.
  stream.push(0, 1);
  stream.finish();
  if (situation != Situation::Load) {
    stream.clear();
    stream.seek(0);
    if (situation == Situation::Seek || situation == Situation::Stop) stream.push(0, 4);
    begin();
    if (situation == Situation::Seek) {
      stream.seek(20);
      stream.clear();
    }
    if (situation == Situation::Stop) {
      stream.stop();
    } else {
      const int from = situation == Situation::Seek ? 20 : 0;
      stream.push(from, from + 6);
      stream.finish();
    }
  }
  end();
  Outcome outcome = stream.outcome();
  stream.stop();
  outcome.again = play_again(stream);
  return outcome;
}

}  // namespace npuwhisper::test
