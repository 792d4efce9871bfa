// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech_source.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <cstring>
#include <utility>

#include "gst/support/gst_ptr.h"

namespace npuwhisper::soak {
namespace {

class Tones final : public SpeechSource {
 public:
  Tones(std::vector<std::string> words, std::uint64_t seed)
      : words_(std::move(words)), speaker_(static_cast<int>(words_.size()), seed) {}

  void next(std::span<float> pcm, std::vector<SaidWord>& said) override {
    tones_.clear();
    speaker_.speak(pcm, tones_);
    for (const test::ToneWord& tone : tones_) {
      said.push_back({words_[static_cast<std::size_t>(tone.word)], tone.start, tone.end});
    }
  }
  bool knows_words() const override { return true; }

 private:
  const std::vector<std::string> words_;
  test::ToneSpeaker speaker_;
  std::vector<test::ToneWord> tones_;
};

class Recordings final : public SpeechSource {
 public:
  explicit Recordings(std::vector<float> pcm) : pcm_(std::move(pcm)) {}

  void next(std::span<float> pcm, std::vector<SaidWord>&) override {
    for (float& sample : pcm) {
      sample = pcm_[position_];
      position_ = (position_ + 1) % pcm_.size();
    }
  }
  bool knows_words() const override { return false; }

 private:
  const std::vector<float> pcm_;
  std::size_t position_ = 0;
};

Result<void> decode(const std::string& file, std::vector<float>& pcm) {
  GError* error = nullptr;
  const std::unique_ptr<GstElement, ObjectUnref> pipeline(gst_parse_launch(
      "filesrc name=file ! decodebin ! audioconvert ! audioresample ! "
      "audio/x-raw,format=F32LE,rate=16000,channels=1 ! appsink name=pcm sync=false",
      &error));
  if (error != nullptr) {
    const std::string message = error->message;
    g_error_free(error);
    return fail(ErrorCode::Unavailable, message);
  }
  const std::unique_ptr<GstElement, ObjectUnref> source(
      gst_bin_get_by_name(GST_BIN(pipeline.get()), "file"));
  const std::unique_ptr<GstElement, ObjectUnref> sink(
      gst_bin_get_by_name(GST_BIN(pipeline.get()), "pcm"));
  g_object_set(source.get(), "location", file.c_str(), nullptr);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const std::size_t before = pcm.size();
  while (GstSample* sample =
             gst_app_sink_try_pull_sample(GST_APP_SINK(sink.get()), 10 * GST_SECOND)) {
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    const std::size_t n = gst_buffer_get_size(buffer) / sizeof(float);
    pcm.resize(pcm.size() + n);
    gst_buffer_extract(buffer, 0, pcm.data() + pcm.size() - n, n * sizeof(float));
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  if (pcm.size() > before) return {};
  return fail(ErrorCode::Unavailable, file + ": no audio could be decoded");
}

}  // namespace

std::unique_ptr<SpeechSource> make_tones(std::vector<std::string> words, std::uint64_t seed) {
  return std::make_unique<Tones>(std::move(words), seed);
}

Result<std::unique_ptr<SpeechSource>> make_recordings(const std::vector<std::string>& files) {
  std::vector<float> pcm;
  for (const std::string& file : files) {
    if (auto decoded = decode(file, pcm); !decoded) return fail(decoded.error());
  }
  if (pcm.empty())
    return fail(ErrorCode::InvalidArgument, "found no recording, wanted one or more");
  return std::unique_ptr<SpeechSource>(std::make_unique<Recordings>(std::move(pcm)));
}

}  // namespace npuwhisper::soak
