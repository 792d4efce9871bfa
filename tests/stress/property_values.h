// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "dice.h"

namespace npuwhisper::stress {

/// Sets one writable property of the element, other than its name, to a value that its range
/// allows. Strings are languages, models and prompts, including invalid ones.
void set_random_property(GstElement* element, Dice& dice);

/// Reads every readable property.
void read_all_properties(GstElement* element);

}  // namespace npuwhisper::stress
