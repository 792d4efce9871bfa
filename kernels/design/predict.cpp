// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/predict.h"

#include <algorithm>

#include "array/clock_constants.h"
#include "design/patterns.h"

namespace npuwhisper::npu {
namespace {

constexpr std::uint64_t kTileMacs = std::uint64_t{core::kTile} * core::kTile * core::kTile;

// Vector operations of 16 f32 lanes that a score takes: maximum, subtraction, exponential (a
// polynomial on AIE2, an instruction on AIE2P), sum, conversion.
constexpr double kVectorOpsPerScoreAie2 = 14;
constexpr double kVectorOpsPerScoreAie2p = 8;
constexpr double kLanes = 16;

std::uint64_t product_macs(const Operation& operation) {
  if (const auto* product = std::get_if<Product>(&operation.what)) {
    std::uint64_t n = 0;
    for (const ProductPart& part : product->parts) n += static_cast<std::uint64_t>(part.n);
    return n * static_cast<std::uint64_t>(product->m) * static_cast<std::uint64_t>(product->k);
  }
  if (const auto* attention = std::get_if<Attention>(&operation.what)) {
    return 2ULL * static_cast<std::uint64_t>(attention->n_queries) *
           static_cast<std::uint64_t>(attention->n_keys) *
           static_cast<std::uint64_t>(attention->n_heads) * core::kTile;
  }
  return 0;
}

/// Of one core in one pass.
struct PassCost {
  double macs = 0;  ///< bf16
  double int8_macs = 0;
  double vector_cycles = 0;
  double b_tiles = 0;
};

PassCost cost_of(const Panel& panel, bool aie2) {
  const core::JobHeader& header = panel.header;
  PassCost cost;
  const bool int8 = header.a_per_step == core::kInt8Steps;
  const int weights = header.n_blocks * header.k_steps;
  const double products = static_cast<double>(kTileMacs) * weights * header.a_per_step;
  (int8 ? cost.int8_macs : cost.macs) += products;
  cost.macs += static_cast<double>(kTileMacs) * header.b_steps;
  cost.vector_cycles = header.b_steps / 2 * core::kTileElements / kLanes *
                       (aie2 ? kVectorOpsPerScoreAie2 : kVectorOpsPerScoreAie2p);
  cost.b_tiles =
      weights + header.b_steps + header.n_blocks * header.residual_steps + header.query_steps;
  return cost;
}

double cycles_of(double macs, const MacRate& rate) {
  return macs / (rate.peak * rate.efficiency);
}

}  // namespace

void predict(Plan& plan, std::size_t index) {
  OperationPlan& figures = plan.figures[index];
  const bool aie2 = plan.spec.array->generation == Generation::Aie2;
  const ArrayClock& clock = clock_of(plan.spec.array->generation);
  const MacRate& rate = aie2 ? clock.bf16 : clock.bf16_by_bfp16;
  const auto rows = static_cast<std::uint64_t>(plan.spec.core_rows);

  figures.macs = product_macs(plan.operations[index]);
  for (std::size_t j = figures.first_job; j < figures.first_job + figures.n_jobs; ++j) {
    const Job& job = plan.jobs[j];
    const auto passes = static_cast<std::uint64_t>(job.m_passes);
    double compute = 0;
    double b_tiles = 0;
    std::uint64_t blocks = 0;
    std::uint64_t tiles_in = rows * static_cast<std::uint64_t>(job.a_passes * job.a_tiles);
    for (const Panel& panel : job.panels) {
      const PassCost cost = cost_of(panel, aie2);
      compute = std::max(compute, cycles_of(cost.macs, rate) +
                                      cycles_of(cost.int8_macs, clock.int8) + cost.vector_cycles);
      b_tiles = std::max(b_tiles, cost.b_tiles);
      blocks += panel.blocks.size();
      figures.padded_macs += static_cast<std::uint64_t>(cost.macs + cost.int8_macs) * rows * passes;
      tiles_in +=
          static_cast<std::uint64_t>(1 + panel.weight_tiles + panel.header.b_steps) +
          static_cast<std::uint64_t>(panel.header.residual_steps + panel.header.query_steps) *
              passes;
    }
    figures.bytes_in += tiles_in * core::kTileBytes;
    figures.bytes_out += blocks * rows * passes * core::kTileBytes;
    const double busiest = std::max({static_cast<double>(job.a_tiles * job.n_blocks), b_tiles,
                                     static_cast<double>(plan.spec.core_rows)});
    const auto n_passes = static_cast<double>(passes);
    const double stream = busiest * patterns::kTileWords / static_cast<double>(kWordsPerCycle);
    figures.compute_cycles += n_passes * compute;
    figures.stream_cycles += n_passes * stream;
    figures.cycles += n_passes * std::max(compute, stream);
  }
  figures.host_cycles = static_cast<double>(figures.bytes_in + figures.bytes_out) * clock.hertz /
                        clock.host_bytes_per_second;
  // The operation's first tiles come only when the one before it has ended, and its last ones leave
  // alone: A in, one step, C out.
  const double drained = 3.0 * static_cast<double>(rows) * patterns::kTileWords +
                         clock.hertz * 2 * kHostLatencySeconds;
  figures.cycles = std::max(figures.cycles, figures.host_cycles) + drained;
}

}  // namespace npuwhisper::npu
