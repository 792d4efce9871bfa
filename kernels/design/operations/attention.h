// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "design/operations/functions.h"

namespace npuwhisper::npu {

/// Softmax(queries * keys^T) * values for heads of 64 columns. The queries are already scaled.
struct Attention {
  int n_queries = 0;
  int n_keys = 0;
  int n_heads = 0;
  HostMatrix queries{};  ///< [n_queries, heads * 64]
  HostMatrix keys{};     ///< Transposed: [heads * 64, n_keys]
  HostMatrix values{};   ///< [n_keys, heads * 64]
  HostMatrix output{};   ///< [n_queries, heads * 64]
};

/// Functions of the operation, as operations/functions.h describes them.
Result<void> plan_jobs(JobPlanner& planner, const Attention& attention);
std::vector<ParameterSizes> parameter_sizes(const Attention& attention);
void pack(const Attention& attention, const Panel& panel, std::span<const Parameters> parameters,
          const PanelPlace& place);

}  // namespace npuwhisper::npu
