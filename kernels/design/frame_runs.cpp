// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/frame_runs.h"

#include <algorithm>

#include "design/job_planner.h"
#include "mel_core/mel_core.h"

namespace npuwhisper::npu {
namespace {

constexpr std::int64_t kTileSamples = core::kTileBytes / 2;

int divide_up(int value, int by) {
  return (value + by - 1) / by;
}

}  // namespace

std::int64_t FrameRun::samples() const {
  return std::int64_t{n_frames - 1} * mel::kHopSamples + mel::kFrameSamples;
}

/// Returns the size of a further piece: one hop of samples for each frame of the last pass. With
/// pieces of this size, all samples of a pass have arrived when the pass begins, and the last piece
/// ends with the run's last sample.
std::int64_t FrameRun::further_samples() const {
  return std::int64_t{last_frames()} * mel::kHopSamples;
}

std::int64_t FrameRun::reach() const {
  return std::int64_t{advance * (n_passes - 1) + core::kTile - 1} * mel::kHopSamples +
         mel::kSpectrumRows;
}

FrameRun make_frame_run(int n_frames) {
  const int n_passes = divide_up(n_frames, core::kTile);
  return {.n_frames = n_frames, .n_passes = n_passes, .advance = divide_up(n_frames, n_passes)};
}

FrameRun FrameRuns::run(int job) const {
  return make_frame_run(std::min(per_job, per_row - job * per_job));
}

FrameRuns deal_frames(const DesignSpec& spec, int n_frames, int room_tiles) {
  const int per_row = divide_up(n_frames, spec.core_rows);
  int n_jobs = divide_up(per_row, kMaxPasses * core::kTile);
  while (make_frame_run(divide_up(per_row, n_jobs)).reach() > room_tiles * kTileSamples) ++n_jobs;
  return {.per_row = per_row, .per_job = divide_up(per_row, n_jobs), .n_jobs = n_jobs};
}

}  // namespace npuwhisper::npu
