// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <vector>

#include <npuwhisper/error.h>

#include "missing_plugin.h"

namespace npuwhisper::cli {

/// Translates the failure of a pipeline that decodes audio into an error for the user. Pass all
/// messages of the pipeline's bus to note(), in order. Reentrant.
class PipelineError {
 public:
  /// Stores the decoder or source that `message` reports as missing. Ignores other messages.
  void note(GstMessage* message);
  /// Returns the error for the user. `message` has the type ERROR.
  Error translate(GstMessage* message) const;

 private:
  std::vector<MissingPlugin> missing_;
};

}  // namespace npuwhisper::cli
