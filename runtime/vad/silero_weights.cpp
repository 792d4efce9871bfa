// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/silero_weights.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/safetensors.h"
#include "model/weights.h"

namespace npuwhisper {
namespace {

using cpu::PanelMatrix;
using std::size_t;

/// The numbers of input and output channels of each convolution.
constexpr std::array<std::array<int, 2>, 4> kConvolutions = {
    {{SileroWeights::kBins, 128}, {128, 64}, {64, 64}, {64, 128}}};
/// Limit of the header in bytes. Silero's header has 1.2 KB.
constexpr std::uint64_t kMaxHeaderBytes = 64 << 10;
constexpr int kTaps = 3;
constexpr int kWindow = 256;
constexpr int kCells = 128;
constexpr int kGates = 4 * kCells;

PanelMatrix pack(std::span<const float> values, int n, int k) {
  return PanelMatrix::pack(values, static_cast<size_t>(n), static_cast<size_t>(k), DataType::F32);
}

/// Reads tensors until the first error. From then on, read() returns no values and ok() returns the
/// error.
class Reader {
 public:
  explicit Reader(const Weights& tensors) : tensors_(tensors) {}

  std::vector<float> read(const std::string& name, std::initializer_list<std::int64_t> dims) {
    if (!ok_) return {};
    const auto tensor = tensors_.get(name, std::span(dims.begin(), dims.size()));
    auto values = tensor ? tensors_.read(**tensor) : fail(tensor.error());
    if (values) return std::move(*values);
    ok_ = fail(values.error());
    return {};
  }
  const Result<void>& ok() const { return ok_; }

 private:
  const Weights& tensors_;
  Result<void> ok_;
};

/// Reorders [outputs, inputs, taps] to [outputs, taps, inputs]. A signal is stored row by row, one
/// row per time step, so each output then multiplies contiguous values.
std::vector<float> taps_first(const std::vector<float>& weight, size_t n_out, size_t n_in) {
  std::vector<float> turned(weight.size());
  for (size_t out = 0; out < n_out; ++out) {
    for (size_t in = 0; in < n_in; ++in) {
      for (size_t tap = 0; tap < kTaps; ++tap) {
        turned[(out * kTaps + tap) * n_in + in] = weight[(out * n_in + in) * kTaps + tap];
      }
    }
  }
  return turned;
}

/// Opens the file and reads its header.
Result<Weights> open(const std::filesystem::path& path) {
  auto file = ModelFile::open(path);
  if (!file) return fail(file.error());
  TensorIndex tensors;
  if (auto done = index_safetensors(file->file, 0, kMaxHeaderBytes, tensors); !done) {
    return file->failure(done.error());
  }
  std::vector<ModelFile> files;
  files.push_back(std::move(*file));
  return Weights(std::move(files), index_of(tensors));
}

Result<std::shared_ptr<const SileroWeights>> read(const Weights& tensors) {
  Reader reader(tensors);
  auto weights = std::make_shared<SileroWeights>();
  const int n_spectrum = 2 * static_cast<int>(SileroWeights::kBins);
  const auto spectrum = reader.read("stft_conv.weight", {n_spectrum, 1, kWindow});
  std::vector<std::vector<float>> convolutions;
  for (size_t i = 0; i < kConvolutions.size(); ++i) {
    const auto [n_in, n_out] = kConvolutions[i];
    const std::string name = "conv" + std::to_string(i + 1);
    convolutions.push_back(reader.read(name + ".weight", {n_out, n_in, kTaps}));
    weights->layers.push_back({.matrix = {}, .bias = reader.read(name + ".bias", {n_out})});
  }
  const auto input = reader.read("lstm_cell.weight_ih", {kGates, kCells});
  const auto hidden = reader.read("lstm_cell.weight_hh", {kGates, kCells});
  auto bias = reader.read("lstm_cell.bias_ih", {kGates});
  const auto hidden_bias = reader.read("lstm_cell.bias_hh", {kGates});
  weights->output = reader.read("final_conv.weight", {1, kCells, 1});
  const auto output_bias = reader.read("final_conv.bias", {1});
  if (!reader.ok()) return fail(reader.ok().error());

  weights->spectrum = {.matrix = pack(spectrum, n_spectrum, kWindow),
                       .bias = std::vector<float>(static_cast<size_t>(n_spectrum))};
  for (size_t i = 0; i < kConvolutions.size(); ++i) {
    const auto [n_in, n_out] = kConvolutions[i];
    const auto turned =
        taps_first(convolutions[i], static_cast<size_t>(n_out), static_cast<size_t>(n_in));
    weights->layers[i].matrix = pack(turned, n_out, kTaps * n_in);
  }
  // Each row concatenates the weights of the input and of the hidden state, so that one product
  // computes all gates.
  std::vector<float> both;
  both.reserve(input.size() + hidden.size());
  for (size_t gate = 0; gate < kGates; ++gate) {
    for (const auto* part : {&input, &hidden}) {
      const auto row = part->begin() + static_cast<std::ptrdiff_t>(gate * kCells);
      both.insert(both.end(), row, row + kCells);
    }
    bias[gate] += hidden_bias[gate];
  }
  weights->cell = {.matrix = pack(both, kGates, 2 * kCells), .bias = std::move(bias)};
  weights->output_bias = output_bias.front();
  return std::shared_ptr<const SileroWeights>(std::move(weights));
}

}  // namespace

Result<std::shared_ptr<const SileroWeights>> SileroWeights::load(
    const std::filesystem::path& file) {
  const auto tensors = open(file);
  if (!tensors) return fail(tensors.error());
  return read(*tensors);
}

}  // namespace npuwhisper
