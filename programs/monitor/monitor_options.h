// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
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
  /// Time in which an operator may correct a piece of text before browsers get it; 0: none.
  std::chrono::milliseconds review{0};
  std::string desk_token;  ///< Token of the operator's page; set if `review` is not 0.
  bool version = false;
};

/// Parses the arguments and initialises GStreamer, whose options are accepted too. --help prints
/// and exits. Errors: InvalidArgument, NotFound (a file), with a message for the user.
Result<MonitorOptions> parse_monitor_options(int argc, char** argv);

}  // namespace npuwhisper::monitor
