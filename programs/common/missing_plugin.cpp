// SPDX-License-Identifier: LGPL-2.1-or-later
#include "missing_plugin.h"

#include <gst/pbutils/pbutils.h>

#include <array>
#include <string_view>

#include "gst_owned.h"

namespace npuwhisper::cli {
namespace {

using Kind = MissingPlugin::Kind;

struct Provider {
  std::string_view what;  ///< A media type, or "SCHEME:" of a URI.
  std::string_view packages;
};

constexpr std::string_view kBase = "gstreamer1.0-plugins-base";
constexpr std::string_view kGood = "gstreamer1.0-plugins-good";
constexpr std::string_view kBad = "gstreamer1.0-plugins-bad";
constexpr std::string_view kUgly = "gstreamer1.0-plugins-ugly";
constexpr std::string_view kLibav = "gstreamer1.0-libav";
// souphttpsrc loads libsoup at run time, so both packages are needed.
constexpr std::string_view kHttp = "gstreamer1.0-plugins-good libsoup-3.0-0";

// Packages that provide a decoder or a source, taken from the fields Gstreamer-Decoders and
// Gstreamer-Uri-Sources of the packages in Debian 12 and 13.
constexpr std::array kProviders = {
    Provider{"application/ogg", kBase},
    Provider{"audio/x-opus", kBase},
    Provider{"audio/x-vorbis", kBase},
    Provider{"audio/x-alaw", kGood},
    Provider{"audio/x-flac", kGood},
    Provider{"audio/x-m4a", kGood},
    Provider{"audio/x-matroska", kGood},
    Provider{"audio/x-mulaw", kGood},
    Provider{"audio/x-speex", kGood},
    Provider{"audio/x-wav", kGood},
    Provider{"audio/x-wavpack", kGood},
    Provider{"video/quicktime", kGood},
    Provider{"video/webm", kGood},
    Provider{"video/x-flv", kGood},
    Provider{"video/x-matroska", kGood},
    Provider{"video/x-msvideo", kGood},
    Provider{"video/x-vp8", kGood},
    Provider{"video/x-vp9", kGood},
    Provider{"application/mxf", kBad},
    Provider{"audio/x-dts", kBad},
    Provider{"audio/x-gsm", kBad},
    Provider{"audio/x-musepack", kBad},
    Provider{"video/mpegts", kBad},
    Provider{"video/x-av1", kBad},
    Provider{"application/vnd.rn-realmedia", kUgly},
    Provider{"audio/AMR", kUgly},
    Provider{"audio/AMR-WB", kUgly},
    Provider{"audio/x-ac3", kUgly},
    Provider{"audio/x-lpcm", kUgly},
    Provider{"video/x-ms-asf", kUgly},
    Provider{"application/x-ape", kLibav},
    Provider{"audio/x-adpcm", kLibav},
    Provider{"audio/x-alac", kLibav},
    Provider{"audio/x-dsd", kLibav},
    Provider{"audio/x-eac3", kLibav},
    Provider{"audio/x-ffmpeg-parsed-ape", kLibav},
    Provider{"audio/x-mlp", kLibav},
    Provider{"audio/x-nellymoser", kLibav},
    Provider{"audio/x-pn-realaudio", kLibav},
    Provider{"audio/x-qdm2", kLibav},
    Provider{"audio/x-shorten", kLibav},
    Provider{"audio/x-sipro", kLibav},
    Provider{"audio/x-smpte-302m", kLibav},
    Provider{"audio/x-true-hd", kLibav},
    Provider{"audio/x-truespeech", kLibav},
    Provider{"audio/x-tta", kLibav},
    Provider{"audio/x-ttafile", kLibav},
    Provider{"audio/x-vnd.sony.atrac3", kLibav},
    Provider{"audio/x-wma", kLibav},
    Provider{"audio/x-wms", kLibav},
    Provider{"video/mpeg", kLibav},
    Provider{"video/x-h264", kLibav},
    Provider{"video/x-h265", kLibav},
    Provider{"video/x-prores", kLibav},
    Provider{"video/x-wmv", kLibav},
    Provider{"http:", kHttp},
    Provider{"https:", kHttp},
    Provider{"rtsp:", kGood},
    Provider{"rtmp:", kBad},
    Provider{"srt:", kBad},
};

std::string_view packages_of(std::string_view what) {
  for (const Provider& provider : kProviders) {
    if (provider.what == what) return provider.packages;
  }
  return {};
}

std::string_view packages_of_decoder(const GstCaps* caps) {
  const GstStructure* format = gst_caps_get_structure(caps, 0);
  const std::string_view type = gst_structure_get_name(format);
  if (type != "audio/mpeg") return packages_of(type);
  // "mpegversion" 1 means MP3. The other versions mean AAC.
  gint version = 0;
  gst_structure_get_int(format, "mpegversion", &version);
  return version == 1 ? kGood : kBad;
}

}  // namespace

Kind kind_of_decoder(const GstCaps* caps) {
  // Parsers offer caps that are not fixed. gst_pb_utils_get_caps_description_flags() refuses these.
  if (gst_caps_is_fixed(caps)) {
    const auto flags = gst_pb_utils_get_caps_description_flags(caps);
    if ((flags & GST_PBUTILS_CAPS_DESCRIPTION_FLAG_CONTAINER) != 0) return Kind::Audio;
  }
  const std::string_view type = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  for (const std::string_view picture : {"video/", "image/", "subpicture/"}) {
    if (type.starts_with(picture)) return Kind::Video;
  }
  return type.starts_with("text/") ? Kind::Text : Kind::Audio;
}

std::optional<MissingPlugin> read_missing_plugin(GstMessage* message) {
  if (!gst_is_missing_plugin_message(message)) return std::nullopt;
  MissingPlugin missing;
  const auto text = [](gchar* raw) {
    const Owned<gchar> owned(raw);
    return std::string(owned ? owned.get() : "");
  };
  missing.description = text(gst_missing_plugin_message_get_description(message));
  missing.installer_detail = text(gst_missing_plugin_message_get_installer_detail(message));
  const GstStructure* fields = gst_message_get_structure(message);
  const std::string_view type = gst_structure_get_string(fields, "type");
  if (type == "urisource") {
    missing.kind = Kind::Source;
    missing.packages = packages_of(std::string(gst_structure_get_string(fields, "detail")) + ":");
  } else if (type == "decoder") {
    const GstCaps* caps = gst_value_get_caps(gst_structure_get_value(fields, "detail"));
    missing.kind = kind_of_decoder(caps);
    missing.packages = packages_of_decoder(caps);
  }
  return missing;
}

std::string to_string(const MissingPlugin& missing) {
  const std::string text = "GStreamer has no " + missing.description;
  if (missing.packages.empty()) return text + " (" + missing.installer_detail + ")";
  const bool is_one = missing.packages.find(' ') == std::string::npos;
  return text + (is_one ? "; Debian's package " : "; Debian's packages ") + missing.packages +
         (is_one ? " has one" : " have one");
}

}  // namespace npuwhisper::cli
