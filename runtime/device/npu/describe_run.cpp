// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/describe_run.h"

#include <algorithm>
#include <cstdio>

#include "design/predict.h"

namespace npuwhisper::npu_device {

std::string describe_cores(const npu::Plan& plan) {
  return std::to_string(plan.spec.core_rows) + " x " + std::to_string(plan.spec.core_columns) +
         " cores";
}

std::string describe_run(const npu::Plan& plan) {
  unsigned long long macs = 0, padded_macs = 0;
  for (const npu::OperationPlan& figures : plan.figures) {
    macs += figures.macs;
    padded_macs += figures.padded_macs;
  }
  char text[300];
  std::snprintf(
      text, sizeof text,
      "one submission of %zu instruction words, %d descriptors, %d syncs; "
      "%llu multiply-accumulates (%llu without padding); predicted: %.1f ms by kernels that others "
      "measured, %.1f ms by the best published rates",
      plan.stream().size(), plan.n_descriptors, plan.n_syncs, padded_macs, macs,
      1e3 * plan.predicted_seconds(npu::Basis::OpenKernels),
      1e3 * plan.predicted_seconds(npu::Basis::BestPublished));
  return text;
}

PlannedOp describe_op(const Graph& graph, const Op& op, const EncoderOperations& operations,
                      const npu::Plan& plan) {
  PlannedOp planned{
      .name = op.name, .device = "npu", .how = "", .reason = "", .flops = count_flops(graph, op)};
  if (op.kind == OpKind::StoreCrossCache) {
    planned.device = "cpu";
    planned.how = "converts rows to the cache's layout and type";
    planned.reason = "after the run: the CPU's attention reads the cache";
    return planned;
  }
  const auto at =
      std::find_if(operations.operations.begin(), operations.operations.end(),
                   [&](const npu::Operation& operation) { return operation.name == op.name; });
  if (at == operations.operations.end()) {
    planned.how = "folded into the products that read it";
    return planned;
  }
  const auto index = static_cast<std::size_t>(at - operations.operations.begin());
  const npu::OperationPlan& figures = plan.figures[index];
  const npu::ArrayClock& clock =
      npu::clock_of(plan.spec.array->generation, npu::Basis::OpenKernels);
  char text[120];
  std::snprintf(text, sizeof text, ", %.1f million multiply-adds with padding, %.2f ms predicted",
                static_cast<double>(figures.padded_macs) / 1e6,
                1e3 * npu::predict(plan, index, clock).cycles / clock.hertz);
  planned.how = figures.shape + text;
  planned.reason = figures.reason;
  return planned;
}

}  // namespace npuwhisper::npu_device
