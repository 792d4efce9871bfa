// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "emulator/lower/plan.h"

namespace npuwhisper::emu::lowering {

/// Groups the flows of a device into routes. A circuit has one route for each source, and packets
/// have one route for each source and packet id. Checks that the stream switches have enough ports:
/// 6 north, 4 south, 4 east and 4 west, but none east or west in memory tiles. Each circuit takes a
/// port, and packet flows share ports. The router is greedy: it takes the shortest free path, flow
/// by flow. It may refuse designs that mlir-aie's rip-up-and-retry router can place. Every design
/// that it accepts can be routed on silicon. Throws Refusal.
std::vector<Route> route_flows(const DevicePlan& plan);

}  // namespace npuwhisper::emu::lowering
