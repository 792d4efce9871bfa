// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {

/// Posts a WARNING message if the language of a stream was detected with a low probability. Posts
/// at most one between two resets of the transcriber. Reentrant.
class LanguageWarning {
 public:
  /// Must be called after each push() and drain() of `transcriber`, which belongs to `element`.
  void check(GstElement* element, const Transcriber& transcriber);

 private:
  bool is_posted_ = false;
};

}  // namespace npuwhisper
