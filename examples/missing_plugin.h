// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <optional>
#include <string>

namespace npuwhisper::cli {

/// What an element of GStreamer looked for and did not find.
struct MissingPlugin {
  enum class Kind {
    Audio,   ///< A decoder of audio, or of a container, in which there may be audio.
    Video,   ///< A decoder of pictures.
    Text,    ///< A decoder of text, such as a web page.
    Source,  ///< A source for a kind of URI.
    Other,
  };

  Kind kind = Kind::Other;
  std::string description;  ///< "Apple Lossless Audio (ALAC) decoder".
  /// Debian's packages that have it, with spaces between them. Empty if this program knows none.
  std::string packages;
  /// For installers: "gstreamer|1.0|PROGRAM|DESCRIPTION|decoder-audio/x-alac".
  std::string installer_detail;
};

/// Of what kind a decoder of `caps`, which must be fixed, is. Reentrant.
MissingPlugin::Kind kind_of_decoder(const GstCaps* caps);

/// Reads GStreamer's missing-plugin message. Empty for any other message. Reentrant.
std::optional<MissingPlugin> read_missing_plugin(GstMessage* message);

/// "GStreamer has no X decoder; Debian's package gstreamer1.0-libav has one", or with the installer
/// detail if no package is known.
std::string to_string(const MissingPlugin& missing);

}  // namespace npuwhisper::cli
