// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/npu_steps.h"

#include <array>
#include <cstdio>
#include <utility>

#include "device/npu/describe_run.h"
#include "device/npu/step_reasons.h"
#include "simd/row_kernels.h"

namespace npuwhisper::npu_device {
namespace {

/// Returns the part of a matrix's buffer that holds the first `n_rows` rows of the matrix.
ByteRange rows_of(const npu::HostMatrix& matrix, std::size_t n_rows) {
  return {static_cast<std::size_t>(matrix.offset),
          n_rows * static_cast<std::size_t>(matrix.row_stride) * size_of(DataType::Bf16)};
}

}  // namespace

Result<std::unique_ptr<NpuSteps>> NpuSteps::create(const Graph& step, const Weights& weights,
                                                   const npu::DesignSpec& spec,
                                                   std::shared_ptr<XrtSession> session) {
  auto operations = make_step_operations(step, spec);
  if (!operations) return fail(operations.error());
  std::unique_ptr<NpuSteps> steps(new NpuSteps(std::move(session)));
  if (auto loaded = steps->load(step, weights, spec, *operations); !loaded)
    return fail(loaded.error());
  return steps;
}

Result<NpuSteps::Memory> NpuSteps::measure(const Graph& step, const npu::DesignSpec& spec) {
  auto operations = make_step_operations(step, spec);
  if (!operations) return fail(operations.error());
  Memory memory;
  memory.working_bytes =
      operations->workspace_bytes + operations->input_bytes + operations->output_bytes;
  for (StepOperations::Group& group : operations->groups) {
    use_parts(group.operations);
    const auto plan = npu::make_plan(spec, group.operations.operations, kPacked);
    if (!plan) return fail(plan.error());
    memory.weight_bytes += plan->packed_bytes;
    memory.groups.push_back(group.ops);
  }
  return memory;
}

Result<void> NpuSteps::load(const Graph& step, const Weights& weights, const npu::DesignSpec& spec,
                            StepOperations& operations) {
  for (const auto& [number, bytes] :
       {std::pair(&workspace_, operations.workspace_bytes),
        std::pair(&input_, operations.input_bytes), std::pair(&output_, operations.output_bytes)}) {
    const auto made = session_->add_buffer(bytes);
    if (!made) return fail(made.error());
    *number = *made;
    plan_.working_bytes += bytes;
  }
  if (auto synced = session_->sync_to_device(workspace_); !synced) return synced;
  if (auto synced = session_->sync_to_device(input_); !synced) return synced;

  double seconds = 0, best_seconds = 0;
  unsigned long long macs = 0, padded_macs = 0;
  for (StepOperations::Group& group : operations.groups) {
    // The decoder's products keep the precision of their operands. An error of 1 % per product is
    // harmless in an encoder, but changes some words in a decoder.
    use_parts(group.operations);
    const auto plan = npu::make_plan(spec, group.operations.operations, kPacked);
    if (!plan) return fail(plan.error());
    auto work = load_group(group.operations, *plan, weights);
    if (!work) return fail(work.error());
    groups_.push_back(group.ops);
    work_.push_back(std::move(*work));
    seconds += plan->predicted_seconds(npu::Basis::OpenKernels);
    best_seconds += plan->predicted_seconds(npu::Basis::BestPublished);
    for (const npu::OperationPlan& figures : plan->figures) {
      macs += figures.macs;
      padded_macs += figures.padded_macs;
    }
    plan_.weight_bytes += plan->packed_bytes;
    for (std::size_t i = group.ops.first_op; i < group.ops.end_op; ++i) {
      plan_.ops.push_back(describe_op(step, step.ops[i], group.operations, *plan));
    }
    plan_.summary = describe_cores(*plan);
  }
  for (const Op& op : step.ops) {
    if (std::string why = why_on_host(step, op, spec); !why.empty())
      plan_.ops.push_back({.name = op.name, .device = "cpu", .how = "", .reason = std::move(why)});
  }
  char text[400];
  std::snprintf(
      text, sizeof text,
      ": %zu submissions per step, one for each group of products between attentions; "
      "%.1f MB of bf16 weights; for up to %d rows %llu multiply-accumulates (%llu without "
      "padding); predicted: %.1f ms by kernels that others measured, %.1f ms by the best published "
      "rates",
      groups_.size(), static_cast<double>(plan_.weight_bytes) / 1e6,
      step.tensor(step.ops.front().output).rows, padded_macs, macs, 1e3 * seconds,
      1e3 * best_seconds);
  plan_.summary = session_->name() + ", " + plan_.summary + text;
  return {};
}

Result<NpuSteps::Work> NpuSteps::load_group(EncoderOperations& group, const npu::Plan& plan,
                                            const Weights& weights) {
  const auto packed = session_->add_buffer(plan.packed_bytes);
  if (!packed) return fail(packed.error());
  group.bytes[kPacked] = plan.packed_bytes;
  if (auto done = pack_weights(group, plan, weights, session_->buffer(*packed)); !done)
    return fail(done.error());
  if (auto synced = session_->sync_to_device(*packed); !synced) return fail(synced.error());
  const std::array<std::size_t, kNArguments> buffers = {*packed, workspace_, input_, output_};
  auto run = RepeatingRun::create(session_, "decoder step", plan.stream(), buffers,
                                  {.buffer = output_, .offset = group.output.offset});
  if (!run) return fail(run.error());
  return Work{std::move(*run), group.input, group.output};
}

Result<void> NpuSteps::run(std::size_t group, std::size_t n_rows, const float* input,
                           float* output) {
  Work& work = work_[group];
  const auto n = [&](const npu::HostMatrix& matrix) {
    return n_rows * static_cast<std::size_t>(matrix.row_stride);
  };
  cpu::convert(input, DataType::F32, session_->buffer(input_).data() + work.input.offset,
               DataType::Bf16, n(work.input));
  if (auto synced = session_->sync_to_device(input_, rows_of(work.input, n_rows)); !synced)
    return synced;
  if (auto done = work.run.run(rows_of(work.output, n_rows)); !done) return done;
  cpu::convert(session_->buffer(output_).data() + work.output.offset, DataType::Bf16, output,
               DataType::F32, n(work.output));
  return {};
}

}  // namespace npuwhisper::npu_device
