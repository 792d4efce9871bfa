// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {

/// Posts a WARNING message once a stream's language was detected with a low probability, and once
/// more after the stream was reset. Reentrant.
class LanguageWarning {
 public:
  /// Called after each push() and drain() of `transcriber`, which is made for `element`.
  void check(GstElement* element, const Transcriber& transcriber);

 private:
  bool is_posted_ = false;
};

}  // namespace npuwhisper
