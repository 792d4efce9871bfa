// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <npuwhisper/result.h>

#include "live_captions.h"
#include "web_server.h"

namespace npuwhisper::monitor {

/// What the user asked for.
struct MonitorOptions {
  Listening listening;
  std::string source;  ///< What is heard, for people to read.
  WebServer::Options server{.port = 8090};
  bool version = false;
};

/// Parses the arguments; initialises GStreamer, whose options are taken as well. --help prints and
/// exits. Errors: InvalidArgument, NotFound (a file), with a message for the user.
Result<MonitorOptions> parse_monitor_options(int argc, char** argv);

}  // namespace npuwhisper::monitor
