// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "vad/silero_weights.h"
#include "vad/speech_scorer.h"

namespace npuwhisper {

/// Silero VAD's network for one stream, as in `tinygrad_model.py` of Silero's Python package. The
/// network computes the magnitudes of four spectra, four convolutions with ReLU, an LSTM cell, and
/// an output with a sigmoid. Two of the convolutions halve the number of rows. A step takes 0.7
/// million multiply-adds in f32, computed by the kernels of panel_kernels.h. Reentrant; allocates
/// nothing after construction.
class SileroNetwork final : public SpeechScorer {
 public:
  explicit SileroNetwork(std::shared_ptr<const SileroWeights> weights);

  float score(std::span<const float> samples) override;
  void reset() override;

 private:
  /// The input of a convolution: one row per time step, between two rows of zeros.
  struct Signal {
    std::vector<float> values;
    std::size_t n_channels = 0;
    float* row(std::size_t i) { return values.data() + (i + 1) * n_channels; }
  };

  static Signal make_signal(std::size_t n_rows, std::size_t n_channels);
  void multiply(const VadLayer& layer, const float* rows, std::size_t stride, std::size_t n_rows,
                float* out);
  void convolve(const VadLayer& layer, const Signal& in, std::size_t stride, std::size_t n_out,
                float* out);
  void measure_spectra(std::span<const float> samples);

  const std::shared_ptr<const SileroWeights> weights_;
  std::vector<float> samples_;     // The samples of a step, then a reflection of their end.
  std::vector<float> spectrum_;    // [kSpectra, 2 * kBins]
  std::vector<Signal> signals_;    // Inputs of the convolutions.
  std::vector<float> cell_input_;  // Output of the convolutions, then the hidden state.
  std::vector<float> cell_;
  std::vector<float> gates_;
  std::vector<float> sums_;  // [kSpectra, kPanelColumns]: products of the current panel.
};

}  // namespace npuwhisper
