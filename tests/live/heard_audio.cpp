// SPDX-License-Identifier: LGPL-2.1-or-later
#include "heard_audio.h"

#include <npuwhisper/transcriber.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace npuwhisper::test {
namespace {

constexpr GstClockTime kHole = 40 * GST_MSECOND;

std::size_t samples_in(GstClockTime time) {
  return static_cast<std::size_t>(gst_util_uint64_scale_round(time, kSampleRate, GST_SECOND));
}

bool is_s16(GstPad* pad) {
  GstCaps* caps = gst_pad_get_current_caps(pad);
  const char* format = gst_structure_get_string(gst_caps_get_structure(caps, 0), "format");
  const bool found = std::string_view(format) == "S16LE";
  gst_caps_unref(caps);
  return found;
}

std::vector<float> samples_of(GstBuffer* buffer, bool s16) {
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return {};
  std::vector<float> samples(map.size / (s16 ? 2 : 4));
  if (s16) {
    std::vector<gint16> words(samples.size());
    std::memcpy(words.data(), map.data, map.size);
    std::transform(words.begin(), words.end(), samples.begin(),
                   [](gint16 word) { return static_cast<float>(word) / 32768.0F; });
  } else {
    std::memcpy(samples.data(), map.data, map.size);
  }
  gst_buffer_unmap(buffer, &map);
  return samples;
}

}  // namespace

HeardAudio::HeardAudio(GstElement* whisper) : pad_(gst_element_get_static_pad(whisper, "sink")) {
  probe_ = gst_pad_add_probe(pad_, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, this, nullptr);
}

HeardAudio::~HeardAudio() {
  gst_pad_remove_probe(pad_, probe_);
  gst_object_unref(pad_);
}

std::vector<float> HeardAudio::samples() const {
  const std::scoped_lock lock(mutex_);
  return samples_;
}

GstClockTime HeardAudio::end() const {
  const std::scoped_lock lock(mutex_);
  return end_;
}

int HeardAudio::n_holes() const {
  const std::scoped_lock lock(mutex_);
  return n_holes_;
}

GstPadProbeReturn HeardAudio::on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  static_cast<HeardAudio*>(self)->add(samples_of(buffer, is_s16(pad)), GST_BUFFER_PTS(buffer));
  return GST_PAD_PROBE_OK;
}

void HeardAudio::add(const std::vector<float>& samples, GstClockTime pts) {
  const std::scoped_lock lock(mutex_);
  if (!samples_.empty() && GST_CLOCK_TIME_IS_VALID(pts)) {
    const GstClockTimeDiff hole = GST_CLOCK_DIFF(end_, pts);
    const auto least = static_cast<GstClockTimeDiff>(kHole);
    if (std::abs(hole) > least) ++n_holes_;
    if (hole > least) {
      samples_.resize(samples_.size() + samples_in(std::min<GstClockTime>(hole, GST_SECOND)));
    }
  }
  if (GST_CLOCK_TIME_IS_VALID(pts)) end_ = pts;
  end_ += gst_util_uint64_scale(samples.size(), GST_SECOND, kSampleRate);
  samples_.insert(samples_.end(), samples.begin(), samples.end());
}

}  // namespace npuwhisper::test
