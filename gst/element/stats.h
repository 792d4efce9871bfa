// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/engine.h>
#include <npuwhisper/transcriber.h>

#include <chrono>

#include "gst/input/audio_allocator.h"
#include "gst/support/counters.h"

namespace npuwhisper {

/// Creates the value of the `stats` property: application/x-npuwhisper-stats. `engine` is nullptr
/// if no engine is loaded. In this case, the fields `device`, `kernels` and `alignment-heads` are
/// empty. Fields whose names end in "-time" are in nanoseconds, and fields whose names end in "-ms"
/// are in milliseconds. The caller owns the structure.
GstStructure* make_stats(const Engine* engine, std::chrono::nanoseconds load_time,
                         const TranscriberStats& stream, const Counters& counters,
                         const AllocatorUse& memory);

}  // namespace npuwhisper
