// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/audio/audio.h>

#include <memory>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::server {

/// Converts a stream of 16-bit PCM (little-endian, 24 kHz, mono) to f32 (16 kHz, mono) with
/// GStreamer's resampler. The stream continues from call to call. Reentrant.
class PcmResampler {
 public:
  static constexpr int kInputRate = 24000;

  /// Errors: Unavailable (no memory).
  static Result<std::unique_ptr<PcmResampler>> create();

  /// Converts the next samples. Returns fewer samples at the beginning of the stream, because the
  /// resampler needs later samples.
  std::vector<float> convert(std::span<const unsigned char> pcm);
  /// Begins a new stream.
  void reset() { gst_audio_converter_reset(converter_.get()); }

 private:
  struct Free {
    void operator()(GstAudioConverter* converter) const { gst_audio_converter_free(converter); }
  };
  using Converter = std::unique_ptr<GstAudioConverter, Free>;

  explicit PcmResampler(Converter converter) : converter_(std::move(converter)) {}

  const Converter converter_;
};

}  // namespace npuwhisper::server
