// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "design/design_spec.h"

namespace npuwhisper::npu {

/// Consecutive frames of one core row in one job. Their samples arrive in pieces: one piece of
/// first_samples(), then `n_passes` pieces of further_samples(). Pass p, counted from 0, needs the
/// first piece and p + 1 further pieces.
struct FrameRun {
  int n_frames = 0;
  int n_passes = 0;
  /// Number of frames from the first frame of one pass to the first frame of the next pass. A tile
  /// has 64 rows; the results in rows from `advance` on are ignored.
  int advance = 0;

  int last_frames() const { return n_frames - advance * (n_passes - 1); }
  std::int64_t samples() const;
  std::int64_t first_samples() const { return samples() - n_passes * further_samples(); }
  std::int64_t further_samples() const;
  /// Number of samples that the passes' tiles span in the memory tile. It is larger than samples(),
  /// because tiles are padded.
  std::int64_t reach() const;
};

/// Division of a spectrum's frames among the core rows, and of each row's frames among jobs.
struct FrameRuns {
  int per_row = 0;  ///< Frames of each core row, in `n_jobs` runs.
  int per_job = 0;  ///< Frames of each run. The last run may be shorter.
  int n_jobs = 0;
  FrameRun run(int job) const;
};

FrameRun make_frame_run(int n_frames);
/// Divides the frames into as few jobs as possible. The samples of a run must fit into `room_tiles`
/// tiles of a memory tile.
FrameRuns deal_frames(const DesignSpec& spec, int n_frames, int room_tiles);

}  // namespace npuwhisper::npu
