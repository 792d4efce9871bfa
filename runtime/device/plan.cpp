// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/plan.h"

#include <cstdio>

namespace npuwhisper {

std::string Plan::describe() const {
  char line[256];
  std::snprintf(line, sizeof line, "%s: %zu operations, weights %.1f MB, buffers %.1f MB\n",
                graph.c_str(), ops.size(), static_cast<double>(weight_bytes) / 1e6,
                static_cast<double>(working_bytes) / 1e6);
  std::string text = line;
  if (!summary.empty()) text += "  " + summary + "\n";
  for (const PlannedOp& op : ops) {
    std::snprintf(line, sizeof line, "  %-40s %-4s %8.3f GFLOP  ", op.name.c_str(),
                  op.device.c_str(), op.flops / 1e9);
    text.append(line).append(op.how);
    if (!op.reason.empty()) text += " (" + op.reason + ")";
    text += '\n';
  }
  return text;
}

}  // namespace npuwhisper
