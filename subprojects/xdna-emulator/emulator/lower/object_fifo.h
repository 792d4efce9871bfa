// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "emulator/lower/device_draft.h"

namespace npuwhisper::emu::lowering {

/// Converts object FIFOs and their links to buffers, locks, DMA programs, flows, shim allocations
/// and the ends that cores acquire from. Follows mlir-aie's AIEObjectFifoStatefulTransform.
/// Neighbours share one set of buffers unless via_DMA, repeat_count, dimensions, a stream port, a
/// different type of the consumer, a broadcast or a link requires a DMA. With a DMA, each end has
/// its own buffers, and a stream connects the ends. A link's ends share the buffers of one side:
/// the side with initial data, otherwise the side with the larger objects. Does not unroll the
/// loops of cores: a core computes its position in a FIFO from counters in registers (see
/// CoreProgram). Throws Refusal.
void lower_object_fifos(DeviceDraft& draft);

}  // namespace npuwhisper::emu::lowering
