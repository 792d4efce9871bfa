// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

// The functions below check the ports of flows. route_flows() in routes.h finds the routes. The
// draft must contain the tiles.

/// Adds an aie.flow to the draft's flows. Throws Refusal.
void read_flow(DeviceDraft& draft, const mlir::Operation& op);
/// Adds an aie.packet_flow to the draft's flows, one for each source. Throws Refusal.
void read_packet_flow(DeviceDraft& draft, const mlir::Operation& op);
/// Adds an aie.cascade_flow to the draft's flows. Throws Refusal.
void read_cascade(DeviceDraft& draft, const mlir::Operation& op);

}  // namespace npuwhisper::emu::lowering
