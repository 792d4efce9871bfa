// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <vector>

#include <npuwhisper/error.h>

#include "missing_plugin.h"

namespace npuwhisper::cli {

/// Explains to the user why a pipeline that decodes audio failed. note() gets all messages of the
/// pipeline's bus in their order. Reentrant.
class PipelineError {
 public:
  /// Any message: remembers the decoders and sources that GStreamer did not find.
  void note(GstMessage* message);
  /// A message of type ERROR.
  Error translate(GstMessage* message) const;

 private:
  std::vector<MissingPlugin> missing_;
};

}  // namespace npuwhisper::cli
