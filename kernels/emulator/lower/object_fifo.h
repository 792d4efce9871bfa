// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "emulator/lower/plan.h"

namespace npuwhisper::emu::lowering {

/// Turns object FIFOs and their links into buffers, locks, DMA programs, flows, shim allocations
/// and the ends that cores acquire from, as mlir-aie's AIEObjectFifoStatefulTransform does:
/// neighbours share one set of buffers unless a DMA is asked for (via_DMA, repeat_count,
/// dimensions, broadcast, links); otherwise each end has buffers of its own and a stream between;
/// a link's ends share the buffers of the larger side. Core accesses are not unrolled: a core
/// counts in registers (see CoreProgram). Throws Refusal.
void lower_object_fifos(DevicePlan& plan);

}  // namespace npuwhisper::emu::lowering
