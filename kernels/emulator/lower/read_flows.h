// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "emulator/lower/plan.h"

namespace npuwhisper::emu::lowering {

/// Adds what aie.flow, aie.packet_flow and aie.cascade_flow say to the plan's flows; their ports
/// are checked, their routes are routes.h's. The tiles are read. Throws Refusal.
void read_flow(DevicePlan& plan, const mlir::Operation& op);
void read_packet_flow(DevicePlan& plan, const mlir::Operation& op);
void read_cascade(DevicePlan& plan, const mlir::Operation& op);

}  // namespace npuwhisper::emu::lowering
