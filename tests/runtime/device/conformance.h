// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// What every device must do with Whisper's graphs: each (device, precision) against the reference
// of support/graph_reference.h, on the tiny model, whose weights are exact in f16.
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

/// Rows of a decoder step that tests prepare for.
inline constexpr int kMaxRows = 24;

struct Case {
  DeviceKind device;
  Precision precision;
  NpuStages stages{};
};

/// The CPU in every precision; or, where NPUWHISPER_TEST_DEVICE is npu, the NPU that there must be,
/// with the encoder and the decoder on the array: the parameters of a conformance suite.
std::vector<Case> all_cases();
std::string name_of(const testing::TestParamInfo<Case>& info);

/// Largest difference from the reference, relative to the reference's largest magnitude.
struct Bounds {
  double encoder = 0;
  double decoder = 0;  ///< From exact features on: cross-attention buffer, caches, weights.
};

/// A model with everything that tests of one size need.
struct Tiny {
  explicit Tiny(const TinyModelOptions& options);
  const ModelConfig& config() const { return model->config; }
  const Weights& weights() const { return *model->weights; }

  TemporaryFolder folder;
  std::shared_ptr<const Model> model;
};

/// Two layers and two heads, except for the real window length, whose reference would take seconds.
/// Made once.
const Tiny& tiny(int n_audio_ctx);

/// Even between -1 and 1, exact in f32.
Matrix random_matrix(int rows, int columns, unsigned seed);

/// Plain tensors that a test writes or reads are rows of f32 or bf16, told apart by the buffer's
/// size.
void write_buffer(Buffer& buffer, const Matrix& matrix);
std::vector<double> read_buffer(Buffer& buffer, std::size_t n);

/// Largest difference, relative to the largest magnitude of `wanted`. NaN where `found` holds one.
double relative_error(std::span<const double> found, std::span<const double> wanted);
double relative_error(std::span<const float> found, std::span<const double> wanted);

/// Runs to the end; fails the test on an error.
void run(Executable& executable, const Bindings& bindings);

/// Opens the case's device. A precision that this CPU lacks must be refused, and is skipped.
class Conformance : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override;
  /// nullptr, and the test has failed, on an error. So does allocate().
  std::unique_ptr<Executable> prepare(const Graph& graph, const Weights& weights, int batch);
  static std::unique_ptr<Buffer> allocate(Executable& executable, TensorId id, int rows = 0);

  std::unique_ptr<Device> device_;
  Bounds bounds_;
};

}  // namespace npuwhisper::test
