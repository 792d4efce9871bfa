// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "emulator/lower/plan.h"

namespace npuwhisper::emu::lowering {

/// Gathers the flows of a device into routes (one for each source, or for each packet id of a
/// source) and checks that the stream switches have the ports for them: 6 northwards, 4
/// southwards, 4 east and west, none sideways in memory tiles; circuits take a port each, packet
/// flows share them. The router is greedy (shortest free path, flow by flow), so it may refuse what
/// mlir-aie's, which tears up and retries, could still place; where it succeeds so does silicon.
/// Throws Refusal.
std::vector<Route> route_flows(const DevicePlan& plan);

}  // namespace npuwhisper::emu::lowering
