// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "decisions.h"

namespace npuwhisper::fuzz {

/// Sets up to `n` of the element's own properties to values that the input chooses. Numbers are
/// within the property's range. Texts have any bytes that GObject allows.
void set_some_properties(Decisions& input, GstElement* element, int n);

/// Reads all of the element's properties.
void read_properties(GstElement* element);

}  // namespace npuwhisper::fuzz
