// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

/// Adds the controller ids and the flows of task-complete tokens that aiecc adds by default
/// (mlir-aie's passes AIEAssignTileCtrlIDs and AIEGenerateColumnControlOverlay, with its option
/// route-shim-to-tct=shim-only). A tile of the text without a controller id gets the id of its row.
/// Each shim of the text gets a packet flow from its control port to its port South 0, unless the
/// text has the flow. Memory tiles and cores get no flow: their tokens reach the controller only if
/// the text routes them. The draft must contain all tiles and all other flows.
void add_token_routes(DeviceDraft& draft);

}  // namespace npuwhisper::emu::lowering
