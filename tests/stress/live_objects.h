// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <string>

namespace npuwhisper::stress {

/// The number of live GStreamer objects of each type, from GStreamer's tracer "leaks", which must
/// be active (GST_TRACERS=leaks before gst_init()). Objects that GStreamer marks as living until
/// the process ends are not counted.
using LiveObjects = std::map<std::string, int>;

LiveObjects count_live_objects();

/// Describes, one per line, all live objects of each type whose number exceeds the number in
/// `before`. Returns an empty string if no type has more objects than in `before`.
std::string describe_more_live_objects(const LiveObjects& before);

}  // namespace npuwhisper::stress
