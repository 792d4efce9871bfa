// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <npuwhisper/result.h>

#include "live_captions.h"
#include "programs/http/http_server.h"

namespace npuwhisper::monitor {

/// The program's options, as given on the command line.
struct MonitorOptions {
  Listening listening;
  std::string source;  ///< Name of the audio source, for display.
  http::HttpServer::Options server{.port = 8090};
  bool version = false;
};

/// Parses the arguments and initialises GStreamer, whose options are accepted too. --help prints
/// and exits. Errors: InvalidArgument, NotFound (a file), with a message for the user.
Result<MonitorOptions> parse_monitor_options(int argc, char** argv);

}  // namespace npuwhisper::monitor
