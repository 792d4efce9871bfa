// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server_options.h"

#include <glib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include "programs/common/program_options.h"
#include "server_help.h"

namespace npuwhisper::server {
namespace {

/// The option values as given by the user. help.txt describes the options.
struct RawOptions {
  std::vector<std::string> models, hosts;
  std::optional<std::string> device, precision, address, key, key_file;
  int n_threads = 0, beam_size = 5, port = 8092;
  int upload = 512, duration = 240, n_requests = 64, request_time = 300, decode_time = 120;
  int n_workers = 2, grace = 30, n_sessions = 16;
  bool version = false;
};

void add_all(cli::ProgramOptions& options, RawOptions& raw) {
  options.add("model", raw.models);
  options.add("device", raw.device);
  options.add("precision", raw.precision);
  options.add("n-threads", raw.n_threads);
  options.add("beam-size", raw.beam_size);
  options.add("address", raw.address);
  options.add("port", raw.port);
  options.add("host", raw.hosts);
  options.add("api-key", raw.key);
  options.add("api-key-file", raw.key_file);
  options.add("max-upload", raw.upload);
  options.add("max-duration", raw.duration);
  options.add("max-requests", raw.n_requests);
  options.add("max-sessions", raw.n_sessions);
  options.add("request-timeout", raw.request_time);
  options.add("decode-timeout", raw.decode_time);
  options.add("workers", raw.n_workers);
  options.add("grace", raw.grace);
  options.add("version", raw.version);
}

/// An option with a number, and the numbers that it allows.
struct Range {
  const char* option;
  int found, least, most;
};

Result<void> check_ranges(const RawOptions& raw) {
  constexpr int kDay = 24 * 60 * 60;
  for (const Range& range :
       {Range{"--n-threads", raw.n_threads, 0, 4096}, Range{"--beam-size", raw.beam_size, 1, 100},
        Range{"--port", raw.port, 0, 65535}, Range{"--max-upload", raw.upload, 1, 1 << 20},
        Range{"--max-duration", raw.duration, 1, kDay / 60},
        Range{"--max-requests", raw.n_requests, 1, 10'000},
        Range{"--max-sessions", raw.n_sessions, 0, 1000},
        Range{"--request-timeout", raw.request_time, 1, kDay},
        Range{"--decode-timeout", raw.decode_time, 1, kDay},
        Range{"--workers", raw.n_workers, 1, 64}, Range{"--grace", raw.grace, 0, kDay}}) {
    if (range.found >= range.least && range.found <= range.most) continue;
    return fail(ErrorCode::InvalidArgument,
                std::string(range.option) + " " + std::to_string(range.found) + ": wanted " +
                    std::to_string(range.least) + " to " + std::to_string(range.most));
  }
  return {};
}

Result<void> read_engine(const RawOptions& raw, EngineOptions& engine) {
  if (raw.device) {
    const auto device = parse_device_kind(*raw.device);
    if (!device) return fail(device.error());
    engine.device = *device;
  }
  if (raw.precision) {
    const auto precision = parse_precision(*raw.precision);
    if (!precision) return fail(precision.error());
    engine.precision = *precision;
  }
  engine.n_threads = static_cast<unsigned>(raw.n_threads);
  return {};
}

/// Returns the key of --api-key or of the first line of --api-key-file; empty without these
/// options.
Result<std::string> read_key(const RawOptions& raw) {
  if (raw.key && raw.key_file) {
    return fail(ErrorCode::InvalidArgument, "found --api-key and --api-key-file, wanted one");
  }
  std::string key = raw.key.value_or("");
  if (raw.key_file) {
    std::ifstream file(*raw.key_file);
    if (!file || !std::getline(file, key)) {
      return fail(ErrorCode::NotFound, "--api-key-file " + *raw.key_file +
                                           ": cannot read a line: " + std::strerror(errno));
    }
  }
  // An empty key, as from an unset variable, must not open the server to everyone.
  if ((raw.key || raw.key_file) && key.empty()) {
    return fail(ErrorCode::InvalidArgument, "the API key is empty");
  }
  return key;
}

Limits limits_of(const RawOptions& raw) {
  return {.upload_bytes = static_cast<std::uint64_t>(raw.upload) << 20,
          .duration = std::chrono::minutes(raw.duration),
          .request_time = std::chrono::seconds(raw.request_time),
          .decode_time = std::chrono::seconds(raw.decode_time),
          .n_requests = static_cast<std::size_t>(raw.n_requests),
          .n_sessions = static_cast<std::size_t>(raw.n_sessions)};
}

Result<void> read_server(const RawOptions& raw, ApiServer::Options& server) {
  server.limits = limits_of(raw);
  server.http.port = static_cast<std::uint16_t>(raw.port);
  if (raw.address) server.http.address = *raw.address;
  server.http.access.hosts = raw.hosts;
  auto key = read_key(raw);
  if (!key) return fail(key.error());
  server.http.access.token = *std::move(key);
  server.http.access.token_name = raw.key_file ? "--api-key-file" : "--api-key";
  // Other requests, such as those for /healthz and /metrics, need connections too.
  constexpr std::size_t kOtherConnections = 64;
  server.http.limits.n_connections =
      server.limits.n_requests + server.limits.n_sessions + kOtherConnections;
  // A sender that is silent gets 408, and so the connection must not be closed before.
  constexpr std::chrono::seconds kMargin{60};
  server.http.limits.silence = server.limits.request_time + kMargin;
  server.defaults.beam_size = raw.beam_size;
  server.spool_folder = g_get_tmp_dir();
  server.n_workers = static_cast<unsigned>(raw.n_workers);
  server.n_decoders = std::max(2U, std::thread::hardware_concurrency());
  return {};
}

}  // namespace

Result<ServerOptions> parse_server_options(int argc, char** argv) {
  RawOptions raw;
  cli::ProgramOptions program(cli::kServerHelp);
  add_all(program, raw);
  if (auto parsed = program.parse(argc, argv); !parsed) return fail(parsed.error());
  ServerOptions options;
  options.version = raw.version;
  if (options.version) return options;
  if (auto checked = check_ranges(raw); !checked) return fail(checked.error());
  options.models = raw.models;
  if (options.models.empty()) options.models.push_back(EngineOptions().model);
  options.grace = std::chrono::seconds(raw.grace);
  if (auto read = read_engine(raw, options.engine); !read) return fail(read.error());
  if (auto read = read_server(raw, options.server); !read) return fail(read.error());
  return options;
}

}  // namespace npuwhisper::server
