// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <optional>

namespace npuwhisper {

/// Delays GAPs, because the time of a GAP may contain the frames that follow it.
///
/// After a seek that changes the rate, qtdemux (GStreamer 1.22) sends GAPs of 3 s between the
/// frames of a file whose audio begins late. The time of each such GAP contains the frame after it.
/// A frame makes the GAPs before it obsolete. Only a stream without frames needs its GAPs, and it
/// can receive them late. Therefore, successive GAPs are joined, and only the part of them that
/// exceeds kLongest is sent.
///
/// Reentrant.
class GapDelay {
 public:
  struct Gap {
    GstClockTime start = 0;
    GstClockTime end = 0;
    bool operator==(const Gap&) const = default;
  };
  /// Maximum duration of delayed GAPs. Any time beyond it is sent as a GAP.
  static constexpr GstClockTime kLongest = 10 * GST_SECOND;

  /// Adds a GAP with a known end. Returns the GAP to send now, if any.
  std::optional<Gap> add(const Gap& gap);
  /// Forgets the delayed GAPs. Must be called for each frame, new segment and flush.
  void reset() { delayed_.reset(); }

 private:
  std::optional<Gap> delayed_;
};

}  // namespace npuwhisper
