// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "design/design_spec.h"
#include "design/operations/functions.h"

namespace npuwhisper::npu {

/// Power spectra of overlapping frames: int16 samples times a Fourier matrix in the packed buffer.
/// Frame i consists of the 400 samples that start at sample i * 160 of `samples`. In each job, a
/// core row has a run of consecutive frames. The row's memory tile for A receives the samples of
/// the run once, and cuts the frames from the samples. Row frame_row() of `power` has the power of
/// frame i. Rows without a frame are undefined (but finite).
struct Spectrum {
  int n_frames = 0;
  HostMatrix samples{};  ///< int16; row_stride is not used.
  HostMatrix power{};    ///< [spectrum_rows(), mel::kSpectrumColumns]
};

/// Functions of the operation, as operations/functions.h describes them.
Result<void> plan_jobs(JobPlanner& planner, const Spectrum& spectrum);
std::vector<ParameterSizes> parameter_sizes(const Spectrum& spectrum);
void pack(const Spectrum& spectrum, const Panel& panel, std::span<const Parameters> parameters,
          const PanelPlace& place);

/// Returns the number of rows of a spectrum's power. Errors: as make_plan().
Result<int> spectrum_rows(const DesignSpec& spec, int n_frames);
/// Returns the row of frame `frame` in a spectrum's power. Errors: as make_plan().
Result<int> frame_row(const DesignSpec& spec, int n_frames, int frame);

}  // namespace npuwhisper::npu
