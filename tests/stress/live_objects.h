// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <string>

namespace npuwhisper::stress {

/// How many GStreamer objects of each type live, by GStreamer's tracer "leaks", which must be
/// active (GST_TRACERS=leaks before gst_init()). Objects that GStreamer itself says live as long as
/// the process are left out.
using LiveObjects = std::map<std::string, int>;

LiveObjects count_live_objects();

/// One line for each object of a type that `before` has fewer of; empty: nothing more lives.
std::string describe_more_live_objects(const LiveObjects& before);

}  // namespace npuwhisper::stress
