// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/step_reasons.h"

#include <cstdio>
#include <utility>

#include "array/clock_constants.h"

namespace npuwhisper::npu_device {
namespace {

template <typename... Values>
std::string format(const char* pattern, Values... values) {
  char text[400];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

double weights_of(const Graph& step, const Op& op) {
  return static_cast<double>(step.tensor(op.input).columns) * step.tensor(op.output).columns;
}

/// Returns why the product that computes a row's logits stays on the host. The text includes the
/// predicted figures for the array.
std::string why_exact_product_on_host(const Graph& step, const Op& op,
                                      const npu::DesignSpec& spec) {
  const std::string exact = format(
      "its %d best results must not be rounded, and bf16 results (0.06 apart at 16) are too coarse "
      "to identify them",
      op.n_exact_best);
  const TensorSpec& in = step.tensor(op.input);
  const int columns = step.tensor(op.output).columns;
  const npu::Operation product{
      op.name,
      npu::Product{.m = in.rows,
                   .k = in.columns,
                   .input = {kInput, 0, in.columns},
                   .parts = {{.n = columns, .output = {kOutput, 0, (columns + 63) / 64 * 64}}}}};
  const auto plan = npu::make_plan(spec, {&product, 1}, kPacked);
  if (!plan) return exact + "; the array cannot run it either: " + plan.error().message;
  return exact + format(
                     "; the array would move %.1f MB of weights and %.1f MB of results per step, "
                     "%.2f ms predicted; int8 weights take %.1f MB",
                     static_cast<double>(plan->packed_bytes) / 1e6,
                     static_cast<double>(plan->figures[0].bytes_out) / 1e6,
                     1e3 * plan->predicted_seconds(npu::Basis::OpenKernels),
                     weights_of(step, op) / 1e6);
}

/// Returns the array's predicted cost of a step's products, as text.
Result<std::string> predict_products(const Graph& step, const npu::DesignSpec& spec) {
  const auto operations = make_step_operations(step, spec);
  if (!operations) return fail(operations.error());
  double seconds = 0, array_bytes = 0, weights = 0;
  for (const StepOperations::Group& group : operations->groups) {
    const auto plan = npu::make_plan(spec, group.operations.operations, kPacked);
    if (!plan) return fail(plan.error());
    seconds += plan->predicted_seconds(npu::Basis::OpenKernels);
    array_bytes += static_cast<double>(plan->packed_bytes);
    for (const auto& source : group.operations.sources) weights += weights_of(step, source.op);
  }
  const auto n = static_cast<double>(operations->groups.size());
  const double host_rate =
      npu::clock_of(spec.array->generation, npu::Basis::OpenKernels).host_bytes_per_second;
  return format(
      "on the array, they would take %.0f submissions per step, %.1f MB of bf16 weights and a "
      "predicted %.1f ms, of which %.1f ms are dispatch; on the CPU, the same weights in int8 are "
      "%.1f MB, which takes %.1f ms at the same memory rate; so the array is faster only for steps "
      "with many rows",
      n, array_bytes / 1e6, 1e3 * seconds, 1e3 * n * npu::kDispatchSeconds, weights / 1e6,
      1e3 * weights / host_rate);
}

class NothingOffloaded final : public cpu::StepOffload {
 public:
  explicit NothingOffloaded(std::string summary) { plan_.summary = std::move(summary); }
  std::span<const Group> groups() const override { return {}; }
  const Plan& plan() const override { return plan_; }
  Result<void> run(std::size_t, std::size_t, const float*, float*) override {
    return fail(ErrorCode::Unsupported, "no group of a decoder step runs on the NPU");
  }

 private:
  Plan plan_;
};

}  // namespace

std::string why_on_host(const Graph& step, const Op& op, const npu::DesignSpec& spec) {
  switch (op.kind) {
    case OpKind::CachedAttention:
      return "keys and values are added to caches whose length and cells differ between rows";
    case OpKind::CrossAttention:
      return "keys and values differ between streams, and are int8 on the CPU";
    case OpKind::Gemm:
      return op.n_exact_best > 0 ? why_exact_product_on_host(step, op, spec) : std::string();
    default:
      return {};
  }
}

std::unique_ptr<cpu::StepOffload> explain_steps_on_host(const Graph& step,
                                                        const npu::DesignSpec& spec) {
  const auto prediction = predict_products(step, spec);
  return std::make_unique<NothingOffloaded>(
      "products on the CPU, not on the NPU: " +
      (prediction ? *prediction : prediction.error().message));
}

}  // namespace npuwhisper::npu_device
