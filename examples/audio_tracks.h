// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <mutex>
#include <string>
#include <vector>

#include "gst_owned.h"

namespace npuwhisper::cli {

/// What a file says of one of its audio tracks. Either may be empty.
struct AudioTrack {
  std::string language;  ///< ISO 639 code.
  std::string title;
};

/// "1 (en, Main), 2 (de), 3".
std::string describe_tracks(const std::vector<AudioTrack>& tracks);

/// Links the audio track of a file that the user wants: of the pads with decoded audio of a
/// decodebin or uridecodebin, the one of that number goes to the next element. A stream that
/// changes exposes new pads; these are linked in the same way. After each change, a message
/// kTracksMessage is on the bus, before any that follows from the linking; without audio, ERROR.
/// tracks() is thread-safe.
class AudioTracks {
 public:
  static constexpr const char* kTracksMessage = "npuwhisper/audio-tracks";

  /// `wanted`: from 1. Both elements are used until the pipeline has been stopped, which must be
  /// before the end of this object.
  AudioTracks(GstElement* decoder, GstElement* next, int wanted);
  AudioTracks(const AudioTracks&) = delete;
  AudioTracks& operator=(const AudioTracks&) = delete;

  /// Those that were exposed last, in the order of the file.
  std::vector<AudioTrack> tracks() const;

 private:
  static void on_no_more_pads(GstElement* decoder, gpointer self);

  Owned<GstPad> sink_;
  std::size_t wanted_;
  mutable std::mutex mutex_;  // Guards tracks_.
  std::vector<AudioTrack> tracks_;
};

}  // namespace npuwhisper::cli
