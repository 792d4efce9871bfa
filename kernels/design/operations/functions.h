// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

#include "design/host_matrix.h"

// Declares the types of the parameters of an operation's functions. The header of each operation X
// declares these functions:
//
//   Result<void> plan_jobs(JobPlanner& planner, const X& x);
//     Appends the operation's jobs to the plan, and describes them in planner.figures(). Errors: as
//     make_plan().
//   std::vector<ParameterSizes> parameter_sizes(const X& x);
//     Returns the sizes of the Parameters that pack() takes, one for each set.
//   void pack(const X& x, const Panel& panel, std::span<const Parameters> parameters,
//             const PanelPlace& place);
//     Writes the weights of a panel, and the parameters in its header. `parameters` have the sizes
//     that parameter_sizes() returns.

namespace npuwhisper::npu {

class JobPlanner;
struct Panel;
struct PanelPlace;
struct Parameters;
struct ParameterSizes;

}  // namespace npuwhisper::npu
