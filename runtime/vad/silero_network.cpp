// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/silero_network.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>
#include <utility>

#include "simd/panel_kernels.h"
#include "vad/lstm_cell.h"

namespace npuwhisper {
namespace {

using std::size_t;

constexpr size_t kBins = SileroWeights::kBins;
constexpr size_t kHop = 128;
constexpr size_t kReflected = 64;
constexpr size_t kSpectra = 4;
/// For each convolution: the number of input rows, the stride in rows, and the number of output
/// rows.
constexpr std::array<size_t, 4> kRowsIn = {kSpectra, 4, 2, 1};
constexpr std::array<size_t, 4> kStrides = {1, 2, 2, 1};
constexpr std::array<size_t, 4> kRowsOut = {4, 2, 1, 1};
constexpr size_t kCells = 128;

}  // namespace

SileroNetwork::SileroNetwork(std::shared_ptr<const SileroWeights> weights)
    : weights_(std::move(weights)),
      samples_(kContext + kStep + kReflected),
      spectrum_(kSpectra * 2 * kBins),
      cell_input_(2 * kCells),
      cell_(kCells),
      gates_(4 * kCells),
      sums_(kSpectra * cpu::kPanelColumns) {
  signals_.push_back(make_signal(kRowsIn[0], kBins));
  for (size_t i = 1; i < weights_->layers.size(); ++i) {
    signals_.push_back(make_signal(kRowsIn[i], weights_->layers[i - 1].matrix.n()));
  }
}

SileroNetwork::Signal SileroNetwork::make_signal(size_t n_rows, size_t n_channels) {
  return {.values = std::vector<float>((n_rows + 2) * n_channels), .n_channels = n_channels};
}

void SileroNetwork::reset() {
  std::ranges::fill(cell_input_, 0.0F);
  std::ranges::fill(cell_, 0.0F);
}

float SileroNetwork::score(std::span<const float> samples) {
  measure_spectra(samples);
  for (size_t i = 0; i < signals_.size(); ++i) {
    const bool is_last = i + 1 == signals_.size();
    float* out = is_last ? cell_input_.data() : signals_[i + 1].row(0);
    convolve(weights_->layers[i], signals_[i], kStrides[i], kRowsOut[i], out);
  }
  multiply(weights_->cell, cell_input_.data(), 0, 1, gates_.data());
  const std::span hidden = std::span(cell_input_).last(kCells);
  update_lstm_cell(gates_, cell_, hidden);
  float sum = weights_->output_bias;
  for (size_t i = 0; i < kCells; ++i) sum += weights_->output[i] * std::max(hidden[i], 0.0F);
  return 1.0F / (1.0F + std::exp(-sum));
}

void SileroNetwork::measure_spectra(std::span<const float> samples) {
  constexpr size_t n = kContext + kStep;
  assert(samples.size() == n);
  std::ranges::copy(samples, samples_.begin());
  for (size_t i = 0; i < kReflected; ++i) samples_[n + i] = samples_[n - 2 - i];
  multiply(weights_->spectrum, samples_.data(), kHop, kSpectra, spectrum_.data());
  for (size_t row = 0; row < kSpectra; ++row) {
    const float* real = spectrum_.data() + row * 2 * kBins;
    const float* imaginary = real + kBins;
    float* out = signals_.front().row(row);
    for (size_t i = 0; i < kBins; ++i) {
      out[i] = std::sqrt(real[i] * real[i] + imaginary[i] * imaginary[i]);
    }
  }
}

/// Multiplies `n_rows` rows of inputs by the layer's matrix and adds the bias. Successive rows
/// begin `stride` values apart.
void SileroNetwork::multiply(const VadLayer& layer, const float* rows, size_t stride, size_t n_rows,
                             float* out) {
  const cpu::PanelMatrix& matrix = layer.matrix;
  for (size_t panel = 0; panel < matrix.n_panels(); ++panel) {
    cpu::multiply_panel(rows, stride, n_rows, matrix.k(), matrix.panel(panel), matrix.type(),
                        sums_.data());
    const size_t first = panel * cpu::kPanelColumns;
    for (size_t row = 0; row < n_rows; ++row) {
      const float* sums = sums_.data() + row * cpu::kPanelColumns;
      float* to = out + row * matrix.n() + first;
      for (size_t i = 0; i < matrix.columns(panel); ++i) to[i] = sums[i] + layer.bias[first + i];
    }
  }
}

/// Convolves `in` with three taps and applies ReLU. For output row i, the middle tap lies on input
/// row i * stride.
void SileroNetwork::convolve(const VadLayer& layer, const Signal& in, size_t stride, size_t n_out,
                             float* out) {
  multiply(layer, in.values.data(), stride * in.n_channels, n_out, out);
  const size_t n = n_out * layer.matrix.n();
  for (size_t i = 0; i < n; ++i) out[i] = std::max(out[i], 0.0F);
}

}  // namespace npuwhisper
