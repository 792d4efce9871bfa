// SPDX-License-Identifier: LGPL-2.1-or-later
// Plans the shapes of all published Whisper models for both arrays: the window (encoder and
// cross-attention projections) in bf16 and in int8, log-mel, and the decoder's steps.
#include "published_shapes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>

#include "design/plan.h"
#include "device/npu/encoder_operations.h"
#include "device/npu/mel_operations.h"
#include "device/npu/step_operations.h"
#include "engine/whisper_graphs.h"

namespace npuwhisper::npu_device {
namespace {

using npu::WeightType;
using test::PublishedShape;

constexpr int kStepRows = 64;
/// The driver keeps the instruction streams of a context in a heap of this size (amdxdna).
constexpr std::uint64_t kInstructionHeap = 64 << 20;

npu::DesignSpec whole(const std::string& array) {
  return *npu::make_design_spec(array, 4, array == "npu1" ? 4 : 8);
}

Result<npu::Plan> plan_window(const PublishedShape& model, const npu::DesignSpec& spec,
                              WeightType weights) {
  auto window = make_encoder_operations(make_window_graph(model.config()), spec);
  if (!window) return fail(window.error());
  if (weights == WeightType::Int8) use_int8_weights(*window);
  return npu::make_plan(spec, window->operations, kPacked);
}

std::string identifier(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

using Case = std::tuple<PublishedShape, const char*>;

class PublishedShapes : public testing::TestWithParam<Case> {
 protected:
  const PublishedShape& model() const { return std::get<0>(GetParam()); }
  npu::DesignSpec spec() const { return whole(std::get<1>(GetParam())); }
  std::uint64_t width() const { return static_cast<std::uint64_t>(model().n_state); }
  std::uint64_t audio_layers() const { return static_cast<std::uint64_t>(model().n_audio_layer); }
  std::uint64_t text_layers() const { return static_cast<std::uint64_t>(model().n_text_layer); }
};

std::uint64_t sum_of_macs(const npu::Plan& plan) {
  std::uint64_t macs = 0;
  for (const npu::OperationPlan& figures : plan.figures) macs += figures.macs;
  return macs;
}

/// Returns the number of operations whose weights do not stay in the memory tiles.
std::uint64_t count_passing_weights(const npu::Plan& plan) {
  std::uint64_t n = 0;
  for (const npu::OperationPlan& figures : plan.figures) {
    if (figures.n_jobs > 0 && plan.jobs[figures.first_job].b_slot_tiles > 0) ++n;
  }
  return n;
}

TEST_P(PublishedShapes, AWindowIsOneStream) {
  const std::uint64_t d = width();
  const std::uint64_t t = 1500;
  const std::uint64_t wanted = 2 * t * d * 3 * static_cast<std::uint64_t>(model().n_mels) +
                               t * d * 3 * d + audio_layers() * (12 * t * d * d + 2 * t * t * d) +
                               text_layers() * 2 * t * d * d;
  for (const WeightType weights : {WeightType::Bf16, WeightType::Int8}) {
    const auto plan = plan_window(model(), spec(), weights);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(sum_of_macs(*plan), wanted);
    const auto stream = plan->stream();
    EXPECT_TRUE(npu::decode(stream));
    EXPECT_LT(stream.size() * sizeof stream[0], kInstructionHeap);
    for (const npu::OperationPlan& figures : plan->figures) {
      EXPECT_GE(figures.padded_macs, figures.macs);
    }
  }
}

// In bf16, a memory tile has room for the weights of 3,392 input columns (53 tiles of weights), or
// of 3,136 (49 tiles) if there is a residual. The second convolution always has bf16 weights.
TEST_P(PublishedShapes, OnlyTheLargestWeightsAreReadForEachPass) {
  const std::uint64_t deep_convolutions = width() >= 1280 ? 1 : 0;
  const std::uint64_t deep_layers = width() >= 1024 ? audio_layers() : 0;
  const auto bf16 = plan_window(model(), spec(), WeightType::Bf16);
  const auto int8 = plan_window(model(), spec(), WeightType::Int8);
  ASSERT_TRUE(bf16 && int8);
  EXPECT_EQ(count_passing_weights(*bf16), deep_convolutions + deep_layers);
  EXPECT_EQ(count_passing_weights(*int8), deep_convolutions);
}

TEST_P(PublishedShapes, Int8HasSmallerWeightsAndIsNoSlower) {
  const auto bf16 = plan_window(model(), spec(), WeightType::Bf16);
  const auto int8 = plan_window(model(), spec(), WeightType::Int8);
  ASSERT_TRUE(bf16 && int8);
  EXPECT_LT(int8->packed_bytes, bf16->packed_bytes * 7 / 10);
  EXPECT_LE(int8->predicted_seconds(npu::Basis::BestPublished),
            bf16->predicted_seconds(npu::Basis::BestPublished));
}

TEST_P(PublishedShapes, LogMelPlans) {
  const auto mel = make_mel_operations(spec(), model().n_mels, 3000);
  ASSERT_TRUE(mel) << mel.error().message;
  const auto plan = npu::make_plan(spec(), mel->operations, kMelPacked);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(npu::decode(plan->stream()));
}

TEST_P(PublishedShapes, AllProductsOfAStepButTheLogitsPlan) {
  auto step = make_step_operations(make_decoder_graph(model().config(), kStepRows), spec());
  ASSERT_TRUE(step) << step.error().message;
  EXPECT_EQ(step->groups.size(), 1 + 2 * text_layers());
  std::uint64_t macs = 0;
  std::uint64_t stream_bytes = 0;
  for (StepOperations::Group& group : step->groups) {
    use_parts(group.operations);
    const auto plan = npu::make_plan(spec(), group.operations.operations, kPacked);
    ASSERT_TRUE(plan) << plan.error().message;
    macs += sum_of_macs(*plan);
    const auto stream = plan->stream();
    EXPECT_TRUE(npu::decode(stream));
    stream_bytes += stream.size() * sizeof stream[0];
  }
  EXPECT_EQ(macs, text_layers() * kStepRows * 14 * width() * width());
  const auto window = plan_window(model(), spec(), WeightType::Bf16);
  ASSERT_TRUE(window);
  EXPECT_LT(stream_bytes + 4 * window->stream().size(), kInstructionHeap);
}

INSTANTIATE_TEST_SUITE_P(Arrays, PublishedShapes,
                         testing::Combine(testing::ValuesIn(test::kPublishedShapes),
                                          testing::Values("npu1", "npu2")),
                         [](const auto& tested) {
                           return identifier(std::get<0>(tested.param).name) + "_" +
                                  std::get<1>(tested.param);
                         });

/// The known hash (FNV-1a, 64 bits) of the instruction stream of a window. A change for models
/// whose weights do not fit into the memory tiles must not change these streams.
struct KnownStream {
  const char* model;
  const char* array;
  WeightType weights;
  std::uint64_t hash;
};
constexpr KnownStream kKnownStreams[] = {
    {"tiny", "npu1", WeightType::Bf16, 0x1900743e2a92ed82},
    {"tiny", "npu1", WeightType::Int8, 0x14551ffe94ad730f},
    {"tiny", "npu2", WeightType::Bf16, 0x70223cc1c9c1d9af},
    {"tiny", "npu2", WeightType::Int8, 0xdd34be7e01581832},
    {"base", "npu1", WeightType::Bf16, 0x7cf1e37ee990c936},
    {"base", "npu1", WeightType::Int8, 0xaf1a9737078b6fd8},
    {"base", "npu2", WeightType::Bf16, 0xf3050436cd88d5bd},
    {"base", "npu2", WeightType::Int8, 0xf258cbd66f991a90},
    {"small", "npu1", WeightType::Bf16, 0xc7da344fdb3c7f1f},
    {"small", "npu1", WeightType::Int8, 0xd7166af8b2a668f5},
    {"small", "npu2", WeightType::Bf16, 0x3fad373b105e270a},
    {"small", "npu2", WeightType::Int8, 0x65fb29ccd6fbe581},
    {"medium", "npu1", WeightType::Int8, 0xe4d791fb9aa4cbe9},
    {"medium", "npu2", WeightType::Int8, 0xbf9e8495bac3e9aa},
};

std::uint64_t hash_of(std::span<const std::uint32_t> words) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::uint32_t word : words) {
    for (int shift = 0; shift < 32; shift += 8) {
      hash ^= word >> shift & 255;
      hash *= 0x100000001b3;
    }
  }
  return hash;
}

TEST(KnownStreams, AreUnchanged) {
  for (const KnownStream& known : kKnownStreams) {
    const auto* model =
        std::find_if(test::kPublishedShapes.begin(), test::kPublishedShapes.end(),
                     [&](const PublishedShape& m) { return m.name == std::string(known.model); });
    ASSERT_NE(model, test::kPublishedShapes.end());
    const auto plan = plan_window(*model, whole(known.array), known.weights);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(hash_of(plan->stream()), known.hash)
        << known.model << " on " << known.array
        << ", int8: " << (known.weights == WeightType::Int8);
  }
}

}  // namespace
}  // namespace npuwhisper::npu_device
