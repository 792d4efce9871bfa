// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/predict.h"

#include <algorithm>

#include "array/clock_constants.h"
#include "design/job_writer.h"
#include "design/patterns.h"
#include "design/plan_jobs.h"

namespace npuwhisper::npu {
namespace {

constexpr std::uint64_t kTileMacs = std::uint64_t{core::kTile} * core::kTile * core::kTile;

// Vector operations, of 16 f32 lanes each, for 16 scores: maximum, subtraction, exponential (a
// polynomial on AIE2, an instruction on AIE2P), sum, conversion.
constexpr double kVectorOpsPerScoreAie2 = 14;
constexpr double kVectorOpsPerScoreAie2p = 8;
constexpr double kLanes = 16;
// Vector operations for a tile of int8 products: rounding A, and adding the sums to f32.
constexpr double kVectorOpsPerInt8TileAie2 = 2100;
constexpr double kVectorOpsPerInt8TileAie2p = 1730;

// Multiply-accumulates for a tile with operands in two parts: three products, plus the product of
// the unit matrix with each 8 x 8 block of A and of B.
constexpr std::uint64_t kTileMacsInParts =
    3 * kTileMacs + 2 * std::uint64_t{core::kTileElements} * 8;

/// Returns the number of bytes of A that a job reads from the host, for all core rows.
std::uint64_t input_bytes(const Job& job, int core_rows) {
  const auto rows = static_cast<std::uint64_t>(core_rows);
  if (job.run) return rows * 2 * static_cast<std::uint64_t>(job.run->samples());
  return rows * static_cast<std::uint64_t>(job.a_passes * job.a_tiles) * core::kTileBytes;
}

const MacRate& rate_of(Arithmetic arithmetic, Generation generation) {
  const ArrayClock& clock = clock_of(generation);
  if (arithmetic == Arithmetic::Int16) return clock.int16;
  const bool is_bf16 = generation == Generation::Aie2 || arithmetic == Arithmetic::Bf16;
  return is_bf16 ? clock.bf16 : clock.bf16_by_bfp16;
}

/// Cost of one pass for one core.
struct PassCost {
  int tiles = 0;  ///< Products of tiles, except those in int8.
  int int8_tiles = 0;
  std::uint64_t tile_macs = kTileMacs;
  double vector_cycles = 0;
  double b_tiles = 0;
};

PassCost cost_of(const Panel& panel, bool aie2) {
  const core::JobHeader& header = panel.header;
  PassCost cost;
  const int weights = header.n_blocks * header.k_steps;
  const bool int8 = header.a_per_step == core::kInt8Steps;
  cost.tiles = header.b_steps + (int8 ? 0 : weights);
  if ((header.flags[0] & core::kInParts) != 0) cost.tile_macs = kTileMacsInParts;
  cost.int8_tiles = int8 ? weights * header.a_per_step : 0;
  cost.vector_cycles = header.b_steps / 2 * core::kTileElements / kLanes *
                       (aie2 ? kVectorOpsPerScoreAie2 : kVectorOpsPerScoreAie2p);
  cost.b_tiles =
      weights + header.b_steps + header.n_blocks * header.residual_steps + header.query_steps;
  return cost;
}

double cycles_of(std::uint64_t macs, const MacRate& rate) {
  return static_cast<double>(macs) / (rate.peak * rate.efficiency);
}

/// Returns the number of row tiles that a panel's cores multiply in all passes.
std::uint64_t row_tiles(const Job& job, const Panel& panel, int core_rows, bool skips_padding) {
  const int all = job.m_passes * core_rows;
  return static_cast<std::uint64_t>(skips_padding ? std::min(all, tiles_of(panel.header.valid_rows))
                                                  : all);
}

}  // namespace

void predict(Plan& plan, std::size_t index) {
  OperationPlan& figures = plan.figures[index];
  const bool aie2 = plan.spec.array->generation == Generation::Aie2;
  const ArrayClock& clock = clock_of(plan.spec.array->generation);
  const MacRate& rate = rate_of(figures.arithmetic, plan.spec.array->generation);
  const double int8_tile = std::max(cycles_of(kTileMacs, clock.int8),
                                    aie2 ? kVectorOpsPerInt8TileAie2 : kVectorOpsPerInt8TileAie2p);
  const auto rows = static_cast<std::uint64_t>(plan.spec.core_rows);

  for (std::size_t j = figures.first_job; j < figures.first_job + figures.n_jobs; ++j) {
    const Job& job = plan.jobs[j];
    const auto passes = static_cast<std::uint64_t>(job.m_passes);
    double compute = 0;
    double b_tiles = 0;
    std::uint64_t blocks = 0;
    std::uint64_t tiles_in = 0;
    for (const Panel& panel : job.panels) {
      const PassCost cost = cost_of(panel, aie2);
      compute = std::max(compute, cost.tiles * cycles_of(cost.tile_macs, rate) +
                                      cost.int8_tiles * int8_tile + cost.vector_cycles);
      b_tiles = std::max(b_tiles, cost.b_tiles);
      blocks += panel.blocks.size();
      figures.padded_macs += (static_cast<std::uint64_t>(cost.tiles) * cost.tile_macs +
                              static_cast<std::uint64_t>(cost.int8_tiles) * kTileMacs) *
                             row_tiles(job, panel, plan.spec.core_rows, figures.skips_padding);
      const int again = panel.weight_tiles - kept_weight_tiles(job, panel);
      tiles_in += static_cast<std::uint64_t>(1 + played_tiles(job, panel)) +
                  static_cast<std::uint64_t>(again + panel.header.residual_steps +
                                             panel.header.query_steps) *
                      passes;
    }
    figures.bytes_in += input_bytes(job, plan.spec.core_rows) + tiles_in * core::kTileBytes;
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
  // An operation's first tiles arrive only after the previous operation has ended, so its first and
  // last transfers do not overlap with other work. Their cost is three times the transfer of one
  // tile for each core row (A, one step, C), plus twice the latency of host memory.
  const double drained = 3.0 * static_cast<double>(rows) * patterns::kTileWords +
                         clock.hertz * 2 * kHostLatencySeconds;
  figures.cycles = std::max(figures.cycles, figures.host_cycles) + drained;
}

double configuration_seconds(const DesignSpec& spec) {
  if (spec.array->generation == Generation::Aie2) return kAie2ConfigurationSeconds;
  const int n_locks = spec.n_cores() * layout::kCoreLocks +
                      spec.columns() * layout::kMemStreamLocks +
                      spec.core_columns * spec.core_rows * 2;
  return kAie2pConfigurationSeconds + n_locks * kAie2pLockSeconds;
}

}  // namespace npuwhisper::npu
