// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>

#include "api_server.h"

namespace npuwhisper::server {

/// The program's options, as given on the command line.
struct ServerOptions {
  std::vector<std::string> models;  ///< Names or paths; at least one.
  EngineOptions engine;             ///< Without the model.
  ApiServer::Options server;
  std::chrono::seconds grace{30};
  bool version = false;
};

/// Parses the arguments. --help prints and exits. Errors: InvalidArgument, NotFound (the file of
/// the key), with a message for the user.
Result<ServerOptions> parse_server_options(int argc, char** argv);

}  // namespace npuwhisper::server
