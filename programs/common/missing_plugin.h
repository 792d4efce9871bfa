// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <optional>
#include <string>

namespace npuwhisper::cli {

/// A plugin that a GStreamer element looked for and did not find.
struct MissingPlugin {
  enum class Kind {
    Audio,   ///< A decoder of audio, or of a container that may hold audio.
    Video,   ///< A decoder of pictures.
    Text,    ///< A decoder of text, such as a web page.
    Source,  ///< A source element for a URI scheme.
    Other,
  };

  Kind kind = Kind::Other;
  std::string description;  ///< What is missing, such as "Apple Lossless Audio (ALAC) decoder".
  /// Debian packages that provide the plugin, separated by spaces. Empty if none is known.
  std::string packages;
  /// Text for plugin installers, such as "gstreamer|1.0|PROGRAM|DESCRIPTION|decoder-audio/x-alac".
  std::string installer_detail;
};

/// Returns the kind of a decoder of `caps`. A container has the kind Audio if `caps` are fixed.
/// Reentrant.
MissingPlugin::Kind kind_of_decoder(const GstCaps* caps);

/// Reads GStreamer's missing-plugin message. Returns nullopt for any other message. Reentrant.
std::optional<MissingPlugin> read_missing_plugin(GstMessage* message);

/// Returns "GStreamer has no X", followed by the packages that provide X, such as "; Debian's
/// package gstreamer1.0-libav has one". If no package is known, the installer detail follows, in
/// parentheses.
std::string to_string(const MissingPlugin& missing);

}  // namespace npuwhisper::cli
