// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pcm_resampler.h"

#include <npuwhisper/transcriber.h>

namespace npuwhisper::server {

Result<std::unique_ptr<PcmResampler>> PcmResampler::create() {
  GstAudioInfo in;
  GstAudioInfo out;
  gst_audio_info_set_format(&in, GST_AUDIO_FORMAT_S16LE, kInputRate, 1, nullptr);
  gst_audio_info_set_format(&out, GST_AUDIO_FORMAT_F32LE, kSampleRate, 1, nullptr);
  Converter converter(gst_audio_converter_new(GST_AUDIO_CONVERTER_FLAG_NONE, &in, &out, nullptr));
  if (converter == nullptr) {
    return fail(ErrorCode::Unavailable, "GStreamer cannot convert 24 kHz to 16 kHz");
  }
  return std::unique_ptr<PcmResampler>(new PcmResampler(std::move(converter)));
}

std::vector<float> PcmResampler::convert(std::span<const unsigned char> pcm) {
  const std::size_t n_in = pcm.size() / sizeof(std::int16_t);
  const std::size_t n_out = gst_audio_converter_get_out_frames(converter_.get(), n_in);
  std::vector<float> samples(n_out);
  // GStreamer does not write to the input.
  gpointer in = const_cast<unsigned char*>(pcm.data());
  gpointer out = samples.data();
  if (gst_audio_converter_samples(converter_.get(), GST_AUDIO_CONVERTER_FLAG_NONE, &in, n_in, &out,
                                  n_out) == FALSE) {
    samples.clear();
  }
  return samples;
}

}  // namespace npuwhisper::server
