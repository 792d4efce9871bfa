// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <string>

#include "gst_owned.h"

namespace npuwhisper::cli {

/// Returns the media type of the data on `pad`, such as "audio/x-raw", or "" if it is not known.
inline std::string media_type_of(GstPad* pad) {
  Owned<GstCaps> caps(gst_pad_get_current_caps(pad));
  if (!caps) caps.reset(gst_pad_query_caps(pad, nullptr));
  if (gst_caps_is_any(caps.get()) || gst_caps_is_empty(caps.get())) return {};
  return gst_structure_get_name(gst_caps_get_structure(caps.get(), 0));
}

}  // namespace npuwhisper::cli
