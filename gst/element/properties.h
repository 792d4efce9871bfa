// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "settings.h"

namespace npuwhisper {

/// The ids of the properties that are not settings. The element itself provides their values.
enum Reading : guint { kPropMaxObservedDelay = 900, kPropStats };

/// The properties to install. SuitsVideo omits the properties that would make decoded video wait
/// for minutes.
enum class PropertySet { All, SuitsVideo };

/// Installs the properties and registers their enum types for the plugin's documentation.
void install_properties(GObjectClass* klass, PropertySet set);
/// Stores `value` in the setting `id`. Returns false if `id` is not one of the settings.
bool set_property(Settings& settings, guint id, const GValue* value);
/// Copies the setting `id` to `value`. Returns false if `id` is not one of the settings.
bool get_property(const Settings& settings, guint id, GValue* value);
/// Returns whether a change of the setting `id` requires another transcriber.
bool remakes_transcriber(guint id);

}  // namespace npuwhisper
