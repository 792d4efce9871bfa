// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::soak {

/// What the user asked for.
struct SoakOptions {
  std::string model;  ///< Empty: tones.
  double hours = 4;   ///< Of the stream.
  std::uint64_t seed = 1;
  unsigned latency_ms = 3000;
  bool real_time = false;  ///< By the system's clock, not one that is set.
  bool plain = false;     ///< No events but the audio's own.
  bool overload = false;  ///< Bursts, too.
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<std::string> files;
};

/// Parses the arguments and initialises GStreamer. --help prints and exits. Errors:
/// InvalidArgument.
Result<SoakOptions> parse_soak_options(int argc, char** argv);

}  // namespace npuwhisper::soak
