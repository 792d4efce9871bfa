// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the encoder and decoder stages together on the NPU with a tiny model. Also tests models
// that the array does not support. Such a model runs on the CPU or causes an error, depending on
// the device option.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <npuwhisper/engine.h>
#include <npuwhisper/log.h>

#include "device/registry.h"
#include "engine/whisper_graphs.h"
#include "model/model.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper {
namespace {

constexpr NpuStages kBoth{.encoder = true, .decoder = true};

std::unique_ptr<Device> open(DeviceKind kind, const NpuStages& stages, Precision precision) {
  auto device =
      open_device({.kind = kind, .precision = precision, .n_threads = 0, .npu_stages = stages});
  EXPECT_TRUE(device) << device.error().message;
  return device ? std::move(*device) : nullptr;
}

Result<void> run(Executable& executable, Buffer& from, Buffer& to) {
  const std::vector<Buffer*> item = {&from, &to};
  const std::vector<std::span<Buffer* const>> items = {item};
  const auto started = executable.start({.items = items, .rows = {}});
  return started ? (*started)->wait() : fail(started.error());
}

/// The f32 cross-attention cache that a device fills from one window of a tiny model.
class CrossCache : public testing::Test {
 protected:
  void SetUp() override {
    test::write_tiny_model(folder_.path(), options());
    auto model = Model::load(folder_.path());
    ASSERT_TRUE(model) << model.error().message;
    model_ = *model;
  }

  virtual test::TinyModelOptions options() const { return {.n_audio_ctx = 100}; }

  /// Compares the cache that the NPU fills in one run with the CPU's. Expects that the root mean
  /// square error, relative to the CPU's values, is below `on_npu1` or `on_npu2`.
  void expect_the_cpus(double on_npu1, double on_npu2) {
    const Graph window = make_window_graph(model_->config);
    const Graph encoder = make_encoder_graph(model_->config);
    const Graph cross = make_cross_graph(model_->config);
    const auto cpu = open(DeviceKind::Cpu, {}, Precision::F32);
    // With precision=bf16, the NPU's cache on the host is f32, like the CPU's with precision=f32.
    const auto npu = open(DeviceKind::Npu, kBoth, Precision::Bf16);
    ASSERT_TRUE(cpu != nullptr && npu != nullptr);
    ASSERT_TRUE(npu->joins_cross_attention());
    const auto wanted = fill(*cpu, encoder, &cross);
    const auto found = fill(*npu, window, nullptr);
    ASSERT_EQ(found.size(), wanted.size());
    double errors = 0, values = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      errors += std::pow(static_cast<double>(found[i] - wanted[i]), 2);
      values += std::pow(static_cast<double>(wanted[i]), 2);
    }
    const double error = std::sqrt(errors / values);
    std::printf("relative error %.4f\n", error);
    EXPECT_LT(error, npu->info().name.find("Phoenix") != std::string::npos ? on_npu1 : on_npu2);
  }

  std::vector<float> fill(Device& device, const Graph& first, const Graph* second) {
    auto one = device.prepare(first, *model_->weights, 1);
    EXPECT_TRUE(one) << one.error().message;
    if (!one) return {};
    auto mel = (*one)->allocate(first.inputs[0]);
    auto made = (*one)->allocate(first.outputs[0]);
    EXPECT_TRUE(mel && made);
    const auto values = (*mel)->host();
    for (std::size_t i = 0; i < values.size() / sizeof(float); ++i) {
      const float value = std::sin(static_cast<float>(i % 1000));
      std::memcpy(values.data() + i * sizeof value, &value, sizeof value);
    }
    const auto done = run(**one, **mel, **made);
    EXPECT_TRUE(done) << done.error().message;
    if (second != nullptr) {
      auto two = device.prepare(*second, *model_->weights, 1);
      EXPECT_TRUE(two) << two.error().message;
      if (!two) return {};
      auto cache = (*two)->allocate(second->outputs[0]);
      EXPECT_TRUE(cache);
      EXPECT_TRUE(run(**two, **made, **cache));
      made = std::move(cache);
    }
    std::vector<float> found((*made)->host().size() / sizeof(float));
    std::memcpy(found.data(), (*made)->host().data(), (*made)->host().size());
    return found;
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<const Model> model_;
};

/// The measured relative root mean square error of the cache is 0.6 % on npu1. It is 2.3 % on npu2,
/// which computes products in bfp16.
TEST_F(CrossCache, IsTheCpus) {
  expect_the_cpus(0.012, 0.045);
}

/// A layer of the widths of Whisper large: the second convolution has 3,840 input columns, and the
/// feed-forward layer has 5,120. Their weights do not fit into a memory tile.
class DeepCrossCache : public CrossCache {
 protected:
  test::TinyModelOptions options() const override {
    return {.n_mels = 128,
            .n_audio_ctx = 50,
            .n_audio_layer = 1,
            .n_audio_head = 20,
            .n_state = 1280,
            .n_text_layer = 1,
            .n_text_head = 20};
  }
};

TEST_F(DeepCrossCache, IsTheCpus) {
  expect_the_cpus(0.012, 0.045);
}

TEST_F(CrossCache, NeedsBothStages) {
  const auto npu = open(DeviceKind::Npu, {.encoder = true}, Precision::Auto);
  ASSERT_NE(npu, nullptr);
  EXPECT_FALSE(npu->joins_cross_attention());
  const auto decoder_alone = open(DeviceKind::Npu, {.decoder = true}, Precision::Auto);
  ASSERT_NE(decoder_alone, nullptr);
  EXPECT_FALSE(decoder_alone->joins_cross_attention());
}

/// A model with a shape that the array does not support. With device=auto the model runs on the
/// CPU, and the log gives the reason. With device=npu, opening the engine is an error.
struct OddShape {
  const char* name;
  test::TinyModelOptions model;
  const char* why;
  NpuStages stages = kBoth;  ///< The stages requested with device=npu.
};

void PrintTo(const OddShape& shape, std::ostream* out) {
  *out << shape.name;
}

class OddShapes : public testing::TestWithParam<OddShape> {
 protected:
  void SetUp() override {
    test::TinyModelOptions model = GetParam().model;
    model.n_audio_layer = model.n_text_layer = 1;
    test::write_tiny_model(folder_.path(), model);
    options_.model = folder_.path().string();
    set_log_sink([this](LogLevel, std::string_view message) { log_.append(message).append("\n"); });
  }
  void TearDown() override { set_log_sink({}); }

  test::TemporaryFolder folder_;
  EngineOptions options_;
  std::string log_;
};

TEST_P(OddShapes, RunOnTheCpu) {
  options_.device = DeviceKind::Auto;
  const auto opened = Engine::open(options_);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->device().kind, DeviceKind::Cpu);
  EXPECT_NE(log_.find("device=auto: chose NPU"), std::string::npos) << log_;
  EXPECT_NE(log_.find("the model does not fit the NPU"), std::string::npos) << log_;
  EXPECT_NE(log_.find(GetParam().why), std::string::npos) << log_;
}

TEST_P(OddShapes, AreAnErrorWithDeviceNpu) {
  options_.device = DeviceKind::Npu;
  options_.npu_stages = GetParam().stages;
  const auto opened = Engine::open(options_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
  EXPECT_NE(opened.error().message.find(GetParam().why), std::string::npos)
      << opened.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Models, OddShapes,
    testing::Values(OddShape{"FeedForward",
                             {.n_audio_ctx = 50, .n_ffn = 200},
                             "200 columns, wanted a multiple of 64"},
                    OddShape{"MelBins",
                             {.n_mels = 81, .n_audio_ctx = 50},
                             "81 columns of input, wanted an even number"},
                    // The weights of this feed-forward layer have 257 tiles, a prime number.
                    OddShape{"TooDeep",
                             {.n_audio_ctx = 50, .n_ffn = 257 * 64},
                             "16448 columns of input need 261 executions",
                             {}}),
    [](const auto& shape) { return shape.param.name; });

}  // namespace
}  // namespace npuwhisper
