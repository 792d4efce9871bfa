// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <mutex>
#include <string>
#include <vector>

#include "programs/common/gst_owned.h"

namespace npuwhisper::cli {

/// A file's description of one of its audio tracks. Either field may be empty.
struct AudioTrack {
  std::string language;  ///< ISO 639 code.
  std::string title;
};

/// Returns a list for the user, such as "1 (en, Main), 2 (de), 3".
std::string describe_tracks(const std::vector<AudioTrack>& tracks);

/// Links one audio track, which the user has chosen, to the next element. Tracks are the decoded
/// audio pads of a decodebin or uridecodebin. When the stream changes and new pads replace the old
/// ones, links the chosen track again. Posts a kTracksMessage on the bus each time, before any
/// message that results from the linking. If there is no audio, posts an ERROR after the
/// kTracksMessage. tracks() is thread-safe.
class AudioTracks {
 public:
  static constexpr const char* kTracksMessage = "npuwhisper/audio-tracks";

  /// `wanted` is the number of the track, from 1. This object uses both elements until the pipeline
  /// is stopped. Stop the pipeline before this object is destroyed.
  AudioTracks(GstElement* decoder, GstElement* next, int wanted);
  AudioTracks(const AudioTracks&) = delete;
  AudioTracks& operator=(const AudioTracks&) = delete;

  /// Returns the tracks that were exposed last, in the order of the file.
  std::vector<AudioTrack> tracks() const;

 private:
  static void on_no_more_pads(GstElement* decoder, gpointer self);

  Owned<GstPad> sink_;
  std::size_t wanted_;
  mutable std::mutex mutex_;  // Guards tracks_.
  std::vector<AudioTrack> tracks_;
};

}  // namespace npuwhisper::cli
