// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/plan.h"

#include <cstdio>

#include "design/plan_jobs.h"
#include "design/predict.h"
#include "design/write_stream.h"

namespace npuwhisper::npu {
namespace {

template <typename... Values>
std::string format(const char* pattern, Values... values) {
  const int n = std::snprintf(nullptr, 0, pattern, values...);
  std::string text(static_cast<std::size_t>(n), '\0');
  std::snprintf(text.data(), text.size() + 1, pattern, values...);
  return text;
}

const char* bound_of(const Prediction& predicted) {
  if (predicted.host_cycles >= predicted.stream_cycles &&
      predicted.host_cycles >= predicted.compute_cycles) {
    return "host memory";
  }
  return predicted.compute_cycles >= predicted.stream_cycles ? "compute" : "streams";
}

}  // namespace

int a_room(const Job& job) {
  if (!job.run) return layout::kMemSlots * job.a_slot_tiles;
  constexpr std::int64_t kTileSamples = core::kTileBytes / 2;
  return static_cast<int>((job.run->reach() + kTileSamples - 1) / kTileSamples);
}

std::vector<std::uint32_t> Plan::stream() const {
  return encode(instructions, *spec.array, spec.columns());
}

double Plan::predicted_seconds(const ArrayClock& clock) const {
  double cycles = 0;
  for (std::size_t i = 0; i < figures.size(); ++i) cycles += predict(*this, i, clock).cycles;
  return kDispatchSeconds + cycles / clock.hertz;
}

std::string Plan::describe() const {
  std::string text = format(
      "%d x %d cores of %s: %zu operations, %zu jobs, %zu instructions, %d descriptors, %d syncs, "
      "%.1f MB of weights and headers\n",
      spec.core_rows, spec.core_columns, std::string(spec.array->name).c_str(), operations.size(),
      jobs.size(), instructions.size(), n_descriptors, n_syncs,
      static_cast<double>(packed_bytes) / 1e6);
  const ArrayClock& clock = clock_of(spec.array->generation, Basis::OpenKernels);
  const auto milliseconds = [&](double cycles) { return cycles / clock.hertz * 1e3; };
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const OperationPlan& f = figures[i];
    const Prediction predicted = predict(*this, i, clock);
    text += format(
        "%s: %s\n  %zu jobs: %s\n  %.1f MMAC (%.1f with padding), %.2f MB in, %.2f MB out, "
        "predicted %.3f ms (compute %.3f, streams %.3f, host memory %.3f: bound by %s)\n",
        operations[i].name.c_str(), f.shape.c_str(), f.n_jobs, f.reason.c_str(),
        static_cast<double>(f.macs) / 1e6, static_cast<double>(f.padded_macs) / 1e6,
        static_cast<double>(f.bytes_in) / 1e6, static_cast<double>(f.bytes_out) / 1e6,
        milliseconds(predicted.cycles), milliseconds(predicted.compute_cycles),
        milliseconds(predicted.stream_cycles), milliseconds(predicted.host_cycles),
        bound_of(predicted));
  }
  text += format(
      "predicted %.3f ms by kernels that others measured, %.3f ms by the best published rates, "
      "dispatch (%.3f ms) included\n",
      predicted_seconds(Basis::OpenKernels) * 1e3, predicted_seconds(Basis::BestPublished) * 1e3,
      kDispatchSeconds * 1e3);
  return text;
}

Result<Plan> make_plan(const DesignSpec& spec, std::span<const Operation> operations,
                       int packed_argument) {
  Plan plan{.spec = spec, .packed_argument = packed_argument};
  plan.operations.assign(operations.begin(), operations.end());
  plan.figures.resize(operations.size());
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (auto planned = plan_jobs(plan, i); !planned) return fail(planned.error());
    count_work(plan, i);
  }
  if (auto written = write_stream(plan); !written) return fail(written.error());
  return plan;
}

}  // namespace npuwhisper::npu
