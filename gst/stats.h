// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/engine.h>
#include <npuwhisper/transcriber.h>

#include <chrono>

#include "counters.h"

namespace npuwhisper {

/// The `stats` property: application/x-npuwhisper-stats. `engine` may be null (nothing loaded: the
/// device is ""). Times are nanoseconds. The caller owns the structure.
GstStructure* make_stats(const Engine* engine, std::chrono::nanoseconds load_time,
                         const TranscriberStats& stream, const Counters& counters);

}  // namespace npuwhisper
