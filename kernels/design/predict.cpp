// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/predict.h"

#include <algorithm>

#include "design/job_writer.h"
#include "design/patterns.h"
#include "design/plan_jobs.h"
#include "design/tile_operations.h"

namespace npuwhisper::npu {
namespace {

constexpr std::uint64_t kTileMacs = std::uint64_t{core::kTile} * core::kTile * core::kTile;

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

const MacRate& rate_of(Arithmetic arithmetic, Generation generation, const ArrayClock& clock) {
  if (arithmetic == Arithmetic::Int16) return clock.int16;
  const bool is_bf16 = generation == Generation::Aie2 || arithmetic == Arithmetic::Bf16;
  return is_bf16 ? clock.bf16 : clock.bf16_by_bfp16;
}

bool is_int8(const core::JobHeader& header) {
  return header.a_per_step == core::kInt8Steps;
}
bool is_in_parts(const core::JobHeader& header) {
  return (header.flags[0] & core::kInParts) != 0;
}
std::uint64_t tile_macs(const core::JobHeader& header) {
  return is_in_parts(header) ? kTileMacsInParts : kTileMacs;
}

/// Returns the multiply-accumulates of one core in one pass.
std::uint64_t pass_macs(const core::JobHeader& header) {
  const auto attended = static_cast<std::uint64_t>(header.b_steps);
  const auto weights = static_cast<std::uint64_t>(header.n_blocks * header.k_steps);
  if (is_int8(header)) {
    return attended * tile_macs(header) +
           weights * static_cast<std::uint64_t>(header.a_per_step) * kTileMacs;
  }
  return (attended + weights) * tile_macs(header);
}

/// Returns the tiles that a column's B stream carries in one pass.
double b_tiles(const core::JobHeader& header) {
  return header.n_blocks * (header.k_steps + header.residual_steps) + header.b_steps +
         header.query_steps;
}

/// Computes the cycles of one core's calls in one pass.
class CoreTime {
 public:
  CoreTime(const ArrayClock& clock, const MacRate& rate, const TileOperations& operations)
      : clock_(clock), rate_(rate), operations_(operations) {}

  double pass(const core::JobHeader& header) const {
    switch (header.operation) {
      case core::kAttention:
        return header.b_steps / 2 *
                   (call(tile(header), operations_.scores) + call(tile(header), 0)) +
               call(0, operations_.attention);
      case core::kLayerNorm:
        return header.a_steps * call(0, operations_.sums) + call(0, operations_.layer_norm);
      default:
        return blocks(header);
    }
  }

 private:
  double cycles_of(std::uint64_t macs, const MacRate& rate) const {
    return static_cast<double>(macs) / (rate.peak * rate.efficiency);
  }
  double tile(const core::JobHeader& header) const { return cycles_of(tile_macs(header), rate_); }

  /// Returns the cycles of a call with matrix products, which take `product_cycles`, and with
  /// other vector operations.
  double call(double product_cycles, double operations) const {
    const double others = operations * clock_.vector_op_cycles;
    return static_cast<double>(kCallCycles) +
           (clock_.overlaps ? std::max(product_cycles, others) : product_cycles + others);
  }

  double multiply(const core::JobHeader& header, int block) const {
    const bool is_summed = block == 0 && (header.flags[0] & core::kNormalised) != 0;
    const double sums = is_summed ? operations_.sums : 0;
    if (is_int8(header)) {
      return call(cycles_of(kTileMacs, clock_.int8), operations_.int8 + sums);
    }
    return call(tile(header), (is_in_parts(header) ? operations_.in_parts : 0) + sums);
  }

  double finish(const core::JobHeader& header, int block) const {
    const std::int32_t flags = header.flags[block];
    double operations = operations_.finish;
    if (is_int8(header)) operations += operations_.scales;
    if ((flags & core::kNormalised) != 0) {
      operations += operations_.normalise + (block == 0 ? operations_.statistics : 0);
    }
    if ((flags & core::kGelu) != 0) operations += operations_.gelu;
    if ((flags & core::kTransposed) != 0) operations += operations_.transpose;
    if (header.residual_steps > 0) operations += operations_.residual;
    return call(0, operations);
  }

  double blocks(const core::JobHeader& header) const {
    double cycles = 0;
    for (int block = 0; block < header.n_blocks; ++block) {
      cycles += header.k_steps * header.a_per_step * multiply(header, block);
      if (header.operation == core::kProduct) cycles += finish(header, block);
    }
    return cycles;
  }

  const ArrayClock& clock_;
  const MacRate& rate_;
  const TileOperations& operations_;
};

/// Returns the number of row tiles that a panel's cores multiply in all passes.
std::uint64_t row_tiles(const Job& job, const Panel& panel, int core_rows, bool skips_padding) {
  const int all = job.m_passes * core_rows;
  return static_cast<std::uint64_t>(skips_padding ? std::min(all, tiles_of(panel.header.valid_rows))
                                                  : all);
}

}  // namespace

void count_work(Plan& plan, std::size_t index) {
  OperationPlan& figures = plan.figures[index];
  const auto rows = static_cast<std::uint64_t>(plan.spec.core_rows);
  for (std::size_t j = figures.first_job; j < figures.first_job + figures.n_jobs; ++j) {
    const Job& job = plan.jobs[j];
    const auto passes = static_cast<std::uint64_t>(job.m_passes);
    std::uint64_t blocks = 0;
    std::uint64_t tiles_in = 0;
    for (const Panel& panel : job.panels) {
      blocks += panel.blocks.size();
      figures.padded_macs += pass_macs(panel.header) *
                             row_tiles(job, panel, plan.spec.core_rows, figures.skips_padding);
      const int again = panel.weight_tiles - kept_weight_tiles(job, panel);
      tiles_in += static_cast<std::uint64_t>(1 + played_tiles(job, panel)) +
                  static_cast<std::uint64_t>(again + panel.header.residual_steps +
                                             panel.header.query_steps) *
                      passes;
    }
    figures.bytes_in += input_bytes(job, plan.spec.core_rows) + tiles_in * core::kTileBytes;
    figures.bytes_out += blocks * rows * passes * core::kTileBytes;
  }
}

Prediction predict(const Plan& plan, std::size_t index, const ArrayClock& clock) {
  const OperationPlan& figures = plan.figures[index];
  const Generation generation = plan.spec.array->generation;
  const CoreTime core(clock, rate_of(figures.arithmetic, generation, clock),
                      tile_operations(generation));
  Prediction predicted;
  for (std::size_t j = figures.first_job; j < figures.first_job + figures.n_jobs; ++j) {
    const Job& job = plan.jobs[j];
    double compute = 0;
    double tiles = std::max(job.a_tiles * job.n_blocks, plan.spec.core_rows);
    for (const Panel& panel : job.panels) {
      compute = std::max(compute, core.pass(panel.header));
      tiles = std::max(tiles, b_tiles(panel.header));
    }
    const double stream = tiles * patterns::kTileWords / static_cast<double>(kWordsPerCycle);
    predicted.compute_cycles += job.m_passes * compute;
    predicted.stream_cycles += job.m_passes * stream;
    predicted.cycles += job.m_passes * std::max(compute, stream);
  }
  predicted.host_cycles = static_cast<double>(figures.bytes_in + figures.bytes_out) * clock.hertz /
                          clock.host_bytes_per_second;
  // An operation's first tiles arrive only after the previous operation has ended, so its first and
  // last transfers do not overlap with other work. Their cost is three times the transfer of one
  // tile for each core row (A, one step, C), plus twice the latency of host memory.
  const double drained =
      3.0 * plan.spec.core_rows * patterns::kTileWords + clock.hertz * 2 * kHostLatencySeconds;
  predicted.cycles = std::max(predicted.cycles, predicted.host_cycles) + drained;
  return predicted;
}

double configuration_seconds(const DesignSpec& spec) {
  if (spec.array->generation == Generation::Aie2) return kAie2ConfigurationSeconds;
  const int n_locks = spec.n_cores() * layout::kCoreLocks +
                      spec.columns() * layout::kMemStreamLocks +
                      spec.core_columns * spec.core_rows * 2;
  return kAie2pConfigurationSeconds + n_locks * kAie2pLockSeconds;
}

}  // namespace npuwhisper::npu
