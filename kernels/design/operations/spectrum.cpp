// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/operations/spectrum.h"

#include <array>
#include <cstdio>
#include <cstring>

#include "design/job_planner.h"
#include "design/parameters.h"
#include "mel_core/fourier_matrix.h"
#include "mel_core/mel_core.h"

namespace npuwhisper::npu {
namespace {

constexpr int kKTiles = mel::kSpectrumRows / core::kTile;
constexpr int kColumnTiles = mel::kSpectrumColumns / core::kTile;
/// Maximum blocks of a job. A job has kMemABdsPerJob descriptors for A in a memory tile. Two
/// descriptors receive samples, and each of the others sends the frames of one block.
constexpr int kMostBlocks = layout::kMemABdsPerJob - 2;

std::string text(std::int64_t value) {
  return std::to_string(value);
}

/// Division of a spectrum: columns of the result into jobs, frames of each job into runs.
struct SpectrumCut {
  int rounds = 0;  ///< Blocks of the fullest core column.
  int n_jobs = 0;  ///< Jobs for these blocks. Each job needs all samples.
  FrameRuns runs{};
};

SpectrumCut cut_spectrum(const DesignSpec& spec, int n_frames) {
  SpectrumCut cut;
  cut.rounds = (kColumnTiles + spec.core_columns - 1) / spec.core_columns;
  cut.n_jobs = (cut.rounds + kMostBlocks - 1) / kMostBlocks;
  const int blocks = (cut.rounds + cut.n_jobs - 1) / cut.n_jobs;
  cut.runs = deal_frames(spec, n_frames, layout::kMemStreamTiles - 1 - blocks * kKTiles);
  return cut;
}

void fill_column(const JobPlanner& planner, Job& job, int column, const HostMatrix& power,
                 int first, int rows) {
  Panel& panel = job.panels[static_cast<std::size_t>(column)];
  for (int b = 0; b < job.n_blocks; ++b) {
    const int block = first + b * planner.columns();
    if (block >= kColumnTiles) break;
    panel.blocks.push_back(
        {.first_column = block * core::kTile, .n_columns = core::kTile, .result = power});
  }
  if (panel.blocks.empty()) return;
  const auto n_blocks = static_cast<int>(panel.blocks.size());
  planner.activate(job, column, mel::kSpectrum, rows);
  panel.weight_tiles = n_blocks * kKTiles;
  panel.header.a_steps = (job.n_blocks - n_blocks) * kKTiles;
  panel.header.k_steps = kKTiles;
}

Result<void> check_frames(int n_frames) {
  constexpr int kMostFrames = 100'000;
  if (n_frames >= 1 && n_frames <= kMostFrames) return {};
  return fail(ErrorCode::InvalidArgument,
              "spectrum of " + text(n_frames) + " frames, expected 1 to " + text(kMostFrames));
}

/// Returns text such as "480960 samples sent for 480240 (1.0015 times)".
std::string crossing(const SpectrumCut& cut, int core_rows, int n_frames) {
  const std::int64_t window = make_frame_run(n_frames).samples();
  std::int64_t sent = 0;
  for (int j = 0; j < cut.runs.n_jobs; ++j) sent += cut.runs.run(j).samples();
  sent *= core_rows * cut.n_jobs;
  char ratio[100];
  std::snprintf(ratio, sizeof ratio, "%lld samples sent for %lld (%.4f times)",
                static_cast<long long>(sent), static_cast<long long>(window),
                static_cast<double>(sent) / static_cast<double>(window));
  return ratio;
}

/// Writes a block's 64 columns of the Fourier matrix, in tiles of 64 rows.
void write_fourier_block(const ColumnBlock& block, std::byte* tiles) {
  for (int first_k = 0; first_k < mel::kSpectrumRows; first_k += core::kTile) {
    std::array<std::uint16_t, core::kTileElements> tile{};  // [64 k][64 n]
    for (int k = 0; k < core::kTile; ++k) {
      for (int n = 0; n < core::kTile; ++n) {
        tile[static_cast<std::size_t>(k * core::kTile + n)] =
            static_cast<std::uint16_t>(mel::fourier_element(first_k + k, block.first_column + n));
      }
    }
    std::memcpy(tiles, tile.data(), core::kTileBytes);
    tiles += core::kTileBytes;
  }
}

}  // namespace

Result<int> spectrum_rows(const DesignSpec& spec, int n_frames) {
  if (auto r = check_frames(n_frames); !r) return fail(r.error());
  const FrameRuns runs = cut_spectrum(spec, n_frames).runs;
  int n_passes = 0;
  for (int j = 0; j < runs.n_jobs; ++j) n_passes += runs.run(j).n_passes;
  return n_passes * rows_per_pass(spec);
}

Result<int> frame_row(const DesignSpec& spec, int n_frames, int frame) {
  if (auto r = check_frames(n_frames); !r) return fail(r.error());
  if (frame < 0 || frame >= n_frames) {
    return fail(ErrorCode::InvalidArgument,
                "frame " + text(frame) + ", expected 0 to " + text(n_frames - 1));
  }
  const FrameRuns runs = cut_spectrum(spec, n_frames).runs;
  const int job = frame % runs.per_row / runs.per_job;
  const int in_run = frame % runs.per_row % runs.per_job;
  int pass = in_run / runs.run(job).advance;
  for (int j = 0; j < job; ++j) pass += runs.run(j).n_passes;
  return pass * rows_per_pass(spec) + frame / runs.per_row * core::kTile +
         in_run % runs.run(job).advance;
}

Result<void> plan_jobs(JobPlanner& planner, const Spectrum& spectrum) {
  if (auto r = check_frames(spectrum.n_frames); !r) {
    return planner.refuse(r.error().code, r.error().message);
  }
  if (auto r = planner.check_output(spectrum.power, mel::kSpectrumColumns); !r) return r;
  const SpectrumCut cut = cut_spectrum(planner.spec(), spectrum.n_frames);
  const int columns = planner.columns();
  const int pass_rows = rows_per_pass(planner.spec());
  int first_pass = 0;
  for (int r = 0; r < cut.runs.n_jobs; ++r) {
    const FrameRun run = cut.runs.run(r);
    int round = 0;
    for (int j = 0; j < cut.n_jobs; ++j) {
      const int blocks = (cut.rounds - round + cut.n_jobs - j - 1) / (cut.n_jobs - j);
      Job job = planner.begin_job(spectrum.samples, first_pass * pass_rows, run.n_passes, blocks,
                                  run.n_passes, kKTiles, 0);
      job.run = run;
      job.row_frames = cut.runs.per_row;
      job.first_frame = r * cut.runs.per_job;
      for (int c = 0; c < columns; ++c) {
        // All rows count as valid, so the rows of a tile beyond its frames are not set to zero.
        fill_column(planner, job, c, spectrum.power, round * columns + c,
                    job.first_row + run.n_passes * pass_rows);
      }
      planner.end_job(std::move(job));
      round += blocks;
    }
    first_pass += run.n_passes;
  }
  planner.figures().arithmetic = Arithmetic::Int16;
  planner.figures().macs =
      2 * static_cast<std::uint64_t>(spectrum.n_frames) * mel::kFrameSamples * mel::kBins;
  planner.figures().padded_rows = first_pass * pass_rows;
  planner.figures().shape =
      "spectrum of " + text(spectrum.n_frames) + " frames, " + text(mel::kBins) + " bins";
  const FrameRun first = cut.runs.run(0);
  planner.figures().reason =
      text(cut.runs.per_row) + " neighbouring frames on each of " + text(planner.core_rows()) +
      " core rows, " + text(first.n_passes) + " passes" +
      (cut.runs.n_jobs == 1 ? "" : " at once, in " + text(cut.runs.n_jobs) + " chunks") +
      "; their samples stay in the memory tile, which cuts overlapping frames from them: " +
      crossing(cut, planner.core_rows(), spectrum.n_frames) + "; " + text(kColumnTiles) +
      " blocks of 64 columns on " + text(columns) + " core columns in " + text(cut.n_jobs) +
      (cut.n_jobs == 1 ? " job" : " jobs");
  return {};
}

std::vector<ParameterSizes> parameter_sizes(const Spectrum&) {
  return {};
}

void pack(const Spectrum&, const Panel& panel, std::span<const Parameters>,
          const PanelPlace& place) {
  std::byte* tiles = place.weights;
  for (const ColumnBlock& block : panel.blocks) {
    write_fourier_block(block, tiles);
    tiles += static_cast<std::size_t>(kKTiles) * core::kTileBytes;
  }
}

}  // namespace npuwhisper::npu
