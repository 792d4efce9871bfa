// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests decoder steps whose products run on another device. In these tests, the reference
// implementation takes the place of that device.
#include "device/cpu/step_offload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "device/cpu/cpu_device.h"
#include "engine/whisper_graphs.h"
#include "graph_reference.h"
#include "model/model.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper::cpu {
namespace {

using test::Matrix;

constexpr int kMaxRows = 8;

/// Computes each run of adjacent products and layer norms with the reference. Stores results that
/// later groups need, as another device would.
class ReferenceOffload final : public StepOffload {
 public:
  ReferenceOffload(const Graph& step, const Weights& weights) : step_(step), weights_(weights) {
    for (std::size_t i = 0; i < step.ops.size(); ++i) {
      if (!is_ours(step.ops[i])) continue;
      Group group{.first_op = i, .input = step.ops[i].input};
      while (is_ours(step.ops[i])) ++i;
      group.end_op = i;
      group.output = step.ops[i - 1].output;
      // The step's last layer norm runs on the CPU, together with the logits.
      if (step.ops[group.first_op].kind != OpKind::LayerNorm || group.end_op - group.first_op > 1)
        groups_.push_back(group);
    }
    plan_.summary = "the reference";
    for (const Group& group : groups_) {
      for (std::size_t i = group.first_op; i < group.end_op; ++i)
        plan_.ops.push_back({step.ops[i].name, "reference", "", "", 0});
    }
  }

  std::span<const Group> groups() const override { return groups_; }
  const Plan& plan() const override { return plan_; }

  Result<void> run(std::size_t index, std::size_t n_rows, const float* input,
                   float* output) override {
    if (fails_at && *fails_at == index) return fail(ErrorCode::DeviceError, "burnt");
    const Group& group = groups_[index];
    ++n_runs;
    Matrix from(n_rows, columns_of(group.input));
    std::copy_n(input, from.values.size(), from.values.begin());
    kept_[group.input] = from;

    Graph graph = step_;
    graph.ops.assign(step_.ops.begin() + static_cast<long>(group.first_op),
                     step_.ops.begin() + static_cast<long>(group.end_op));
    graph.inputs.clear();
    graph.outputs.clear();
    std::vector<Matrix> inputs;
    for (const auto& [id, rows] : kept_) {
      graph.inputs.push_back(id);
      inputs.push_back(rows);
    }
    for (const Op& op : graph.ops) graph.outputs.push_back(op.output);
    for (TensorSpec& tensor : graph.tensors) tensor.rows = static_cast<int>(n_rows);
    const auto made = test::GraphReference(graph, weights_).run_window(inputs);
    for (std::size_t i = 0; i < made.size(); ++i) kept_[graph.outputs[i]] = made[i];
    const Matrix& result = kept_.at(group.output);
    std::transform(result.values.begin(), result.values.end(), output,
                   [](double value) { return static_cast<float>(value); });
    return {};
  }

  std::optional<std::size_t> fails_at;
  int n_runs = 0;

 private:
  static bool is_ours(const Op& op) {
    return op.kind == OpKind::LayerNorm || (op.kind == OpKind::Gemm && op.n_exact_best == 0);
  }
  std::size_t columns_of(TensorId id) const {
    return static_cast<std::size_t>(step_.tensor(id).columns);
  }

  Graph step_;
  const Weights& weights_;
  std::vector<Group> groups_;
  std::map<TensorId, Matrix> kept_;
  Plan plan_;
};

class StepOffloadTest : public testing::Test {
 protected:
  void SetUp() override {
    test::write_tiny_model(folder_.path(), {.n_audio_ctx = 60});
    auto model = Model::load(folder_.path());
    ASSERT_TRUE(model) << model.error().message;
    model_ = *model;
    graph_ = make_decoder_graph(model_->config, kMaxRows);
    auto device =
        CpuDevice::open({.kind = DeviceKind::Cpu, .precision = Precision::F32, .n_threads = 0});
    ASSERT_TRUE(device) << device.error().message;
    device_.reset(static_cast<CpuDevice*>(device->release()));
    auto offload = std::make_unique<ReferenceOffload>(graph_, *model_->weights);
    offload_ = offload.get();
    auto shared = device_->prepare_step(graph_, *model_->weights, kMaxRows, std::move(offload));
    ASSERT_TRUE(shared) << shared.error().message;
    shared_ = std::move(*shared);
  }

  /// Decodes four tokens of one sequence, then one more, and returns the logits of each row.
  static Result<std::vector<float>> decode(Executable& executable, const Graph& graph) {
    const auto self = executable.allocate(graph.inputs[0]);
    const auto cross = executable.allocate(graph.inputs[1]);
    if (!self || !cross) return fail(ErrorCode::Unavailable, "no caches");
    const auto n_vocab = static_cast<std::size_t>(graph.tensor(graph.outputs[0]).columns);
    const std::vector<int> cells = {0, 1, 2, 3, 4};
    std::vector<float> logits(cells.size() * n_vocab);
    std::vector<StepRow> rows;
    for (const int cell : cells) {
      const auto i = static_cast<std::size_t>(cell);
      rows.push_back({.token = 40 + 3 * cell,
                      .position = cell,
                      .cell = cell,
                      .cells = std::span(cells).first(i + 1),
                      .self_cache = self->get(),
                      .cross_cache = cross->get(),
                      .logits = logits.data() + i * n_vocab});
    }
    const std::span<const StepRow> all = rows;
    for (const auto part : {all.first(4), all.subspan(4)}) {
      const auto started = executable.start({.items = {}, .rows = part});
      if (!started) return fail(started.error());
    }
    return logits;
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<const Model> model_;
  Graph graph_;
  std::unique_ptr<CpuDevice> device_;
  ReferenceOffload* offload_ = nullptr;
  std::unique_ptr<Executable> shared_;
};

TEST_F(StepOffloadTest, GivesTheSameLogits) {
  const auto alone = device_->prepare(graph_, *model_->weights, kMaxRows);
  ASSERT_TRUE(alone) << alone.error().message;
  const auto wanted = decode(**alone, graph_);
  ASSERT_TRUE(wanted) << wanted.error().message;
  const auto found = decode(*shared_, graph_);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(offload_->n_runs, 2 * static_cast<int>(offload_->groups().size()));
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < wanted->size(); ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>((*found)[i] - (*wanted)[i])));
    largest = std::max(largest, std::fabs(static_cast<double>((*wanted)[i])));
  }
  EXPECT_LT(worst, 2e-5 * largest);
}

TEST_F(StepOffloadTest, AFailureEndsTheStepAndNotTheExecutable) {
  const auto wanted = decode(*shared_, graph_);
  ASSERT_TRUE(wanted);
  for (const std::size_t group : {std::size_t{0}, offload_->groups().size() - 1}) {
    offload_->fails_at = group;
    const auto failed = decode(*shared_, graph_);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "burnt");
  }
  offload_->fails_at.reset();
  const auto again = decode(*shared_, graph_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, *wanted);
}

TEST_F(StepOffloadTest, ThePlanSaysWhoRunsWhat) {
  const Plan& plan = shared_->plan();
  EXPECT_EQ(plan.summary, "the reference");
  ASSERT_EQ(plan.ops.size(), graph_.ops.size());
  for (std::size_t i = 0; i < plan.ops.size(); ++i) {
    const Op& op = graph_.ops[i];
    EXPECT_EQ(plan.ops[i].name, op.name);
    const bool is_layers =
        op.name.rfind("decoder/layer_", 0) == 0 && op.name != "decoder/layer_norm";
    const bool is_product = op.kind == OpKind::Gemm || op.kind == OpKind::LayerNorm;
    EXPECT_EQ(plan.ops[i].device, is_layers && is_product ? "reference" : "cpu") << op.name;
  }
}

}  // namespace
}  // namespace npuwhisper::cpu
