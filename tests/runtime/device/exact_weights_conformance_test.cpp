// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <random>
#include <vector>

#include "ct2_writer.h"
#include "engine/whisper_graphs.h"

namespace npuwhisper::test {
namespace {

using ExactWeightsConformance = Conformance;

/// precision=f32 and precision=bf16 guarantee that a device uses the weights as the file stores
/// them. The device must not round f32 weights that f16 cannot represent.
TEST_P(ExactWeightsConformance, KeepsWeightsThatHalfPrecisionCannotHold) {
  if (GetParam().precision != Precision::F32 && GetParam().precision != Precision::Bf16) {
    GTEST_SKIP() << "only f32 and bf16 promise this";
  }
  constexpr int kState = 64;
  constexpr int kVocab = 8;
  std::vector<float> embeddings(kVocab * kState);
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    embeddings[i] = 1.0F + 1e-4F * static_cast<float>(i % 7);  // In f16, steps above 1 are 9.8e-4.
  }
  const std::vector<float> zeros(3 * kState * kState);
  Ct2Writer writer;
  const std::vector<std::int64_t> matrix = {kVocab, kState};
  const std::vector<std::int64_t> square = {3 * kState, kState};
  writer.add_i16("encoder/num_heads", 1);
  writer.add("embeddings", matrix, DataType::F32, embeddings);
  writer.add("positions", matrix, DataType::F32, std::vector<float>(kVocab * kState));
  writer.add("qkv", square, DataType::F32, zeros);
  const TemporaryFolder folder;
  {
    std::ofstream file(folder.path() / "model.bin", std::ios::binary);
    file << writer.finish();
  }
  const auto weights = Weights::load(folder.path() / "model.bin");
  ASSERT_TRUE(weights) << weights.error().message;
  Graph graph{.name = "exact"};
  graph.inputs = {graph.add_tensor("self_cache", kVocab, 2 * kState),
                  graph.add_tensor("cross", 1, 2 * kState)};
  Op embed{.kind = OpKind::Embedding, .name = "embed"};
  embed.weight = "embeddings";
  embed.position = "positions";
  embed.output = graph.add_tensor("x", kMaxRows, kState);
  Op qkv{.kind = OpKind::Gemm, .name = "qkv", .input = embed.output};
  qkv.weight = "qkv";
  qkv.output = graph.add_tensor("qkv", kMaxRows, 3 * kState);
  Op attend{.kind = OpKind::CachedAttention, .name = "attend", .input = qkv.output};
  attend.n_heads = 1;
  attend.output = graph.add_tensor("mixed", kMaxRows, kState);
  Op logits{.kind = OpKind::Gemm, .name = "logits", .input = embed.output};
  logits.weight = "embeddings";
  logits.output = graph.add_tensor("logits", kMaxRows, kVocab);
  graph.outputs = {logits.output};
  Op select{.kind = OpKind::SelectRows, .name = "select", .input = embed.output};
  select.output = graph.add_tensor("selected", kMaxRows, kState);
  logits.input = select.output;
  graph.ops = {embed, qkv, attend, select, logits};
  const auto executable = prepare(graph, **weights, kMaxRows);
  ASSERT_NE(executable, nullptr);
  const auto self = allocate(*executable, graph.inputs[0]);
  ReferenceCache reference_self;
  const std::vector<int> cells = {0};
  std::vector<float> found(kVocab);
  const StepRow row{.token = 3, .cells = cells, .self_cache = self.get(), .logits = found.data()};
  run(*executable, {.items = {}, .rows = {&row, 1}});
  GraphReference reference(graph, **weights);
  const ReferenceRow reference_row{
      .token = 3, .cells = cells, .self = &reference_self, .cross = nullptr};
  const auto wanted = reference.run_step({&reference_row, 1});
  EXPECT_LE(relative_error(found, wanted[0].logits), 1e-6);
}

/// A device must compute the embeddings, and the largest logits, from the weights as the file
/// stores them. The largest logits decide the next token. The device may round weights for other
/// logits.
TEST_P(ExactWeightsConformance, TheLargestLogitsAreNotRounded) {
  constexpr int kState = 64;
  constexpr int kVocab = 300;
  constexpr std::size_t kBest = 5;
  std::vector<float> embeddings(kVocab * kState);
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  for (float& x : embeddings) x = uniform(generator);
  Ct2Writer writer;
  const std::vector<std::int64_t> matrix = {kVocab, kState};
  writer.add_i16("encoder/num_heads", 1);
  writer.add("embeddings", matrix, DataType::F32, embeddings);
  writer.add("positions", matrix, DataType::F32, std::vector<float>(kVocab * kState));
  const TemporaryFolder folder;
  {
    std::ofstream file(folder.path() / "model.bin", std::ios::binary);
    file << writer.finish();
  }
  const auto weights = Weights::load(folder.path() / "model.bin");
  ASSERT_TRUE(weights) << weights.error().message;
  Graph graph{.name = "best"};
  graph.inputs = {graph.add_tensor("self_cache", kVocab, 2 * kState)};
  Op embed{.kind = OpKind::Embedding, .name = "embed"};
  embed.weight = "embeddings";
  embed.position = "positions";
  embed.output = graph.add_tensor("x", kMaxRows, kState);
  Op select{.kind = OpKind::SelectRows, .name = "select", .input = embed.output};
  select.output = graph.add_tensor("selected", kMaxRows, kState);
  Op logits{.kind = OpKind::Gemm, .name = "logits", .input = select.output};
  logits.weight = "embeddings";
  logits.n_exact_best = kBest;
  logits.output = graph.add_tensor("logits", kMaxRows, kVocab);
  graph.outputs = {logits.output};
  graph.ops = {embed, select, logits};
  const auto executable = prepare(graph, **weights, kMaxRows);
  ASSERT_NE(executable, nullptr);

  const std::vector<int> cells = {0};
  std::vector<std::vector<float>> found(3, std::vector<float>(kVocab));
  std::vector<StepRow> rows;
  for (std::size_t i = 0; i < found.size(); ++i) {
    rows.push_back({.token = static_cast<Token>(7 * i), .cells = cells, .logits = found[i].data()});
  }
  run(*executable, {.items = {}, .rows = rows});
  for (std::size_t i = 0; i < found.size(); ++i) {
    const float* x = &embeddings[7 * i * kState];
    std::vector<double> wanted(kVocab);
    for (std::size_t j = 0; j < kVocab; ++j) {
      for (std::size_t k = 0; k < kState; ++k)
        wanted[j] += double{x[k]} * double{embeddings[j * kState + k]};
    }
    std::vector<std::size_t> order(kVocab);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return wanted[a] > wanted[b]; });
    // Does not compare the last of the best logits, because rounding may have selected another
    // logit for that place.
    for (std::size_t j = 0; j + 1 < kBest; ++j) {
      EXPECT_NEAR(found[i][order[j]], wanted[order[j]], 1e-5) << "row " << i << ", logit " << j;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, ExactWeightsConformance, testing::ValuesIn(all_cases()), name_of);

}  // namespace
}  // namespace npuwhisper::test
