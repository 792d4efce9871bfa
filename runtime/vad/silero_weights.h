// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include <npuwhisper/result.h>

#include "simd/panel_matrix.h"

namespace npuwhisper {

/// One layer of Silero's network as a product: its concatenated inputs times a matrix, plus a bias.
struct VadLayer {
  cpu::PanelMatrix matrix;  ///< [outputs, inputs]; for a convolution [outputs, taps * channels].
  std::vector<float> bias;  ///< [outputs]
};

/// The weights of Silero VAD (github.com/snakers4/silero-vad, MIT) for 16 kHz. They come from the
/// file `silero_vad_16k.safetensors` of Silero's Python package and are packed for products with
/// few rows. The packed weights take 1.3 MB. Immutable; thread-safe.
struct SileroWeights {
  static constexpr std::size_t kBins = 129;  ///< Bins of the spectrum.

  VadLayer spectrum;             ///< Maps 256 samples to real and imaginary parts of kBins bins.
  std::vector<VadLayer> layers;  ///< The four convolutions of three taps.
  VadLayer cell;                 ///< LSTM: maps input and hidden state to 4 gates of 128 cells.
  std::vector<float> output;     ///< 128 weights of the hidden state.
  float output_bias = 0;

  /// Loads the weights. Errors: those of ModelFile::open(), index_safetensors() and
  /// Weights::read(); CorruptModel also for a tensor that is missing or has another shape.
  static Result<std::shared_ptr<const SileroWeights>> load(const std::filesystem::path& file);
};

}  // namespace npuwhisper
