// SPDX-License-Identifier: LGPL-2.1-or-later
#include "timing.h"

#include <algorithm>
#include <cstddef>
#include <variant>
#include <vector>

#include "design/core_interface.h"
#include "design/pack_panels.h"
#include "support/emulated_array.h"

namespace npuwhisper::bench {
namespace {

/// Packs zeros as the weights of a product's parts. A layer norm gets empty parameters. All other
/// operations get no parameters.
Result<void> pack_zeros(const npu::Plan& plan, std::size_t index, std::span<std::byte> packed) {
  const npu::Operation& operation = plan.operations[index];
  std::vector<npu::Parameters> parameters;
  std::vector<std::uint16_t> zeros;
  if (const auto* product = std::get_if<npu::Product>(&operation.what)) {
    const auto k = static_cast<std::size_t>(product->k);
    for (const npu::ProductPart& part : product->parts) {
      zeros.resize(std::max(zeros.size(), k * static_cast<std::size_t>(part.n)));
    }
    for (const npu::ProductPart& part : product->parts) {
      const std::span all(zeros);
      parameters.push_back({.weights = {.bf16 = all.first(k * static_cast<std::size_t>(part.n))}});
    }
  } else if (std::holds_alternative<npu::LayerNorm>(operation.what)) {
    parameters.emplace_back();
  }
  return npu::pack_panels(plan, index, parameters, packed);
}

int padded(int value, int to) {
  return (value + to - 1) / to * to;
}

/// Places matrices of whole tiles one after the other in the workspace.
class Workspace {
 public:
  explicit Workspace(const npu::DesignSpec& spec) : pass_(spec.core_rows * npu::core::kTile) {}
  npu::HostMatrix matrix(int rows, int columns) {
    const int stride = padded(columns, npu::core::kTile);
    const npu::HostMatrix result{1, bytes_, stride};
    bytes_ +=
        2 * static_cast<std::uint64_t>(padded(rows, pass_)) * static_cast<std::uint64_t>(stride);
    return result;
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  int pass_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<Timing> time_operations(const Machine& machine, std::span<const npu::Operation> operations,
                               std::uint64_t workspace_bytes) {
  const npu::DesignSpec& spec = machine.spec;
  const auto plan = npu::make_plan(spec, operations, 0);
  if (!plan) return fail(plan.error());
  Timing timing{.planner_seconds = plan->predicted_seconds(machine.clock)};
  for (const npu::OperationPlan& figures : plan->figures) {
    timing.multiply_accumulates += figures.padded_macs;
  }
  if (!machine.run) return timing;

  const bool aie2 = spec.array->generation == npu::Generation::Aie2;
  auto array = npu::EmulatedArray::create(spec, aie2 ? ENCODER_CORE_AIE2 : ENCODER_CORE_AIE2P,
                                          npu::core::kObject, &machine.clock);
  if (!array) return fail(array.error());
  std::vector<std::byte> packed(plan->packed_bytes);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (auto done = pack_zeros(*plan, i, packed); !done) return fail(done.error());
  }
  std::vector<std::byte> workspace(workspace_bytes);
  const std::span<std::byte> buffers[] = {packed, workspace};
  const emu::RunOutcome outcome = (*array)->run(*plan, buffers);
  if (outcome.state != emu::RunState::Completed) {
    return fail(ErrorCode::DeviceError, outcome.message);
  }
  timing.clock_seconds = outcome.seconds;
  return timing;
}

Result<Timing> time_product(const Machine& machine, int m, int k, int n, bool gelu) {
  Workspace space(machine.spec);
  const npu::Operation operation{
      "product", npu::Product{.m = m,
                              .k = k,
                              .input = space.matrix(m, k),
                              .parts = {{.n = n, .output = space.matrix(m, n), .gelu = gelu}}}};
  return time_operations(machine, {&operation, 1}, space.bytes());
}

Result<Timing> time_attention(const Machine& machine, int n_queries, int n_keys, int n_heads) {
  Workspace space(machine.spec);
  const int columns = n_heads * npu::core::kTile;
  const npu::Operation operation{"attention",
                                 npu::Attention{.n_queries = n_queries,
                                                .n_keys = n_keys,
                                                .n_heads = n_heads,
                                                .queries = space.matrix(n_queries, columns),
                                                .keys = space.matrix(columns, n_keys),
                                                .values = space.matrix(n_keys, columns),
                                                .output = space.matrix(n_queries, columns)}};
  return time_operations(machine, {&operation, 1}, space.bytes());
}

Result<Timing> time_layer_norm(const Machine& machine, int m, int k) {
  Workspace space(machine.spec);
  const npu::Operation operation{"layer norm", npu::LayerNorm{.m = m,
                                                              .k = k,
                                                              .epsilon = 1e-5F,
                                                              .input = space.matrix(m, k),
                                                              .output = space.matrix(m, k)}};
  return time_operations(machine, {&operation, 1}, space.bytes());
}

}  // namespace npuwhisper::bench
