// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/engine.h>
#include <npuwhisper/transcriber.h>

#include <chrono>

#include "audio_allocator.h"
#include "counters.h"

namespace npuwhisper {

/// The `stats` property: application/x-npuwhisper-stats. `engine` may be null (nothing loaded: the
/// device is ""). Times called "-time" are nanoseconds, those called "-ms" milliseconds. The caller
/// owns the structure.
GstStructure* make_stats(const Engine* engine, std::chrono::nanoseconds load_time,
                         const TranscriberStats& stream, const Counters& counters,
                         const AllocatorUse& memory);

}  // namespace npuwhisper
