// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// Conformance tests of devices with Whisper's graphs. They compare each (device, precision) with
// the reference of support/graph_reference.h, on the tiny model, whose weights are exact in f16.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "device/registry.h"
#include "graph_reference.h"
#include "model/model.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper::test {

/// Maximum number of rows of a decoder step in these tests.
inline constexpr int kMaxRows = 24;

struct Case {
  DeviceKind device;
  Precision precision;
  NpuStages stages{};
};

/// Returns the parameters of a conformance suite. By default, it tests the CPU in every precision.
/// If NPUWHISPER_TEST_DEVICE is npu, it tests the NPU instead, with the encoder and the decoder on
/// the array. In this case, the machine must have an NPU.
std::vector<Case> all_cases();
std::string name_of(const testing::TestParamInfo<Case>& info);

/// Largest allowed difference from the reference, relative to the reference's largest magnitude.
struct Bounds {
  double encoder = 0;
  /// Bound for decoder steps whose input features are exact. Covers the errors of the
  /// cross-attention buffer, the caches and the weights.
  double decoder = 0;
};

/// A tiny model, written to a temporary folder and loaded from there.
struct Tiny {
  explicit Tiny(const TinyModelOptions& options);
  const ModelConfig& config() const { return model->config; }
  const Weights& weights() const { return *model->weights; }

  TemporaryFolder folder;
  std::shared_ptr<const Model> model;
};

/// Returns a model, created once per size. The model has two layers and two heads. At the real
/// window length of 1500 it has only one layer and one head, because the reference would otherwise
/// take seconds.
const Tiny& tiny(int n_audio_ctx);

/// Returns uniformly distributed values from -1 to 1, exact in f32.
Matrix random_matrix(int rows, int columns, unsigned seed);

/// Writes a plain tensor, as f32 or bf16 depending on the buffer's size.
void write_buffer(Buffer& buffer, const Matrix& matrix);
/// Reads `n` values of a plain tensor, as f32 or bf16 depending on the buffer's size.
std::vector<double> read_buffer(Buffer& buffer, std::size_t n);

/// Returns the largest difference divided by the largest magnitude in `wanted`, or NaN if `found`
/// contains a NaN.
double relative_error(std::span<const double> found, std::span<const double> wanted);
double relative_error(std::span<const float> found, std::span<const double> wanted);

/// Runs `executable` to completion. Fails the test on an error.
void run(Executable& executable, const Bindings& bindings);

/// Opens the case's device. If the case needs bf16 and this CPU lacks it, checks that the device
/// refuses bf16, and skips the test.
class Conformance : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override;
  /// Prepares `graph`. On an error, fails the test and returns nullptr.
  std::unique_ptr<Executable> prepare(const Graph& graph, const Weights& weights, int batch);
  /// Allocates a buffer for tensor `id`. On an error, fails the test and returns nullptr.
  static std::unique_ptr<Buffer> allocate(Executable& executable, TensorId id, int rows = 0);

  std::unique_ptr<Device> device_;
  Bounds bounds_;
};

}  // namespace npuwhisper::test
