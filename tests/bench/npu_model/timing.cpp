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

}  // namespace

Result<Timing> time_operations(const npu::DesignSpec& spec,
                               std::span<const npu::Operation> operations,
                               std::uint64_t workspace_bytes, bool run) {
  const auto plan = npu::make_plan(spec, operations, 0);
  if (!plan) return fail(plan.error());
  Timing timing{.planner_seconds = plan->predicted_seconds()};
  for (const npu::OperationPlan& figures : plan->figures) {
    timing.multiply_accumulates += figures.padded_macs;
  }
  if (!run) return timing;

  const bool aie2 = spec.array->generation == npu::Generation::Aie2;
  auto array = npu::EmulatedArray::create(spec, aie2 ? ENCODER_CORE_AIE2 : ENCODER_CORE_AIE2P);
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

Result<Timing> time_product(const npu::DesignSpec& spec, int m, int k, int n, bool run) {
  const int rows = padded(m, spec.core_rows * npu::core::kTile);
  const int inputs = padded(k, npu::core::kTile);
  const int outputs = padded(n, npu::core::kTile);
  const auto bytes = [&](int columns) {
    return 2 * static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns);
  };
  const npu::Operation operation{
      "product", npu::Product{.m = m,
                              .k = k,
                              .input = {1, 0, inputs},
                              .parts = {{.n = n, .output = {1, bytes(inputs), outputs}}}}};
  return time_operations(spec, std::span(&operation, 1), bytes(inputs) + bytes(outputs), run);
}

}  // namespace npuwhisper::bench
