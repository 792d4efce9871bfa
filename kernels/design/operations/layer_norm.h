// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "design/operations/functions.h"

namespace npuwhisper::npu {

struct LayerNorm {
  int m = 0;
  int k = 0;
  float epsilon = 0;
  HostMatrix input{}, output{};  ///< [m, k]
};

/// Functions of the operation, as operations/functions.h describes them.
Result<void> plan_jobs(JobPlanner& planner, const LayerNorm& norm);
std::vector<ParameterSizes> parameter_sizes(const LayerNorm& norm);
void pack(const LayerNorm& norm, const Panel& panel, std::span<const Parameters> parameters,
          const PanelPlace& place);

}  // namespace npuwhisper::npu
