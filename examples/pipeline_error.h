// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <string>

#include <npuwhisper/error.h>

namespace npuwhisper::cli {

/// What a pipeline that decodes audio says of its failure, as a person needs it: fed with the
/// messages of its bus in their order. Reentrant.
class PipelineError {
 public:
  /// Any message: notes which decoder GStreamer asked for in vain.
  void note(GstMessage* message);
  /// A message of type ERROR.
  Error translate(GstMessage* message) const;

 private:
  std::string missing_;
};

}  // namespace npuwhisper::cli
