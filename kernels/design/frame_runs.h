// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "design/design_spec.h"

namespace npuwhisper::npu {

/// Neighbouring frames of one core row in one job, and how their samples come: `first` samples,
/// then `n_passes` times `further`. What the first p + 1 of those have brought holds all of pass p.
struct FrameRun {
  int n_frames = 0;
  int n_passes = 0;
  int advance = 0;  ///< Frames from pass to pass; the rest of a tile's 64 rows is not looked at.

  int last_frames() const { return n_frames - advance * (n_passes - 1); }
  std::int64_t samples() const;
  std::int64_t first_samples() const { return samples() - n_passes * further_samples(); }
  std::int64_t further_samples() const;
  /// Samples of a memory tile's memory that the passes' tiles reach over: more than come.
  std::int64_t reach() const;
};

/// How the frames of a spectrum are dealt to the core rows, and each row's to jobs.
struct FrameRuns {
  int per_row = 0;  ///< Frames of a core row, in `n_jobs` runs of which the last may be shorter.
  int per_job = 0;
  int n_jobs = 0;
  FrameRun run(int job) const;
};

FrameRun make_frame_run(int n_frames);
/// As few jobs as there is room for: samples of `room_tiles` tiles in a memory tile.
FrameRuns deal_frames(const DesignSpec& spec, int n_frames, int room_tiles);

}  // namespace npuwhisper::npu
