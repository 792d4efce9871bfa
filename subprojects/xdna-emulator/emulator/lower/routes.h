// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

/// Merges the flows of a device into routes. Circuit-switched flows with the same source become one
/// route, and so do packet flows with the same source and packet id. Checks that the stream
/// switches have enough ports: 6 north, 4 south, 4 east and 4 west. Memory tiles have no east or
/// west ports. Circuits need ports of their own, and packet flows share ports. The router is
/// greedy: for each route in turn, it takes the shortest path that is free. It may refuse designs
/// that mlir-aie's rip-up-and-retry router can place. Every design that it accepts can be routed on
/// silicon. Throws Refusal.
std::vector<Route> route_flows(const DeviceDraft& draft);

}  // namespace npuwhisper::emu::lowering
