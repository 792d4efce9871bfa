// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::soak {

/// The options on the command line of the soak test.
struct SoakOptions {
  std::string model;  ///< If empty, the soak test plays test tones.
  double hours = 4;   ///< Duration of the stream.
  std::uint64_t seed = 1;
  unsigned latency_ms = 3000;
  bool real_time = false;  ///< If true, uses the system clock instead of a test clock.
  bool plain = false;      ///< If true, sends only audio, without other events.
  bool overload = false;   ///< If true, also sends bursts of audio.
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<std::string> files;
};

/// Parses the arguments and initialises GStreamer. With --help, prints the help and ends the
/// process. Errors: InvalidArgument.
Result<SoakOptions> parse_soak_options(int argc, char** argv);

}  // namespace npuwhisper::soak
