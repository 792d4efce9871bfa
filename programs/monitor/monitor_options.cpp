// SPDX-License-Identifier: LGPL-2.1-or-later
#include "monitor_options.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "monitor_help.h"
#include "programs/common/program_options.h"

namespace npuwhisper::monitor {
namespace {

/// The option values as given by the user. help.txt describes the options.
struct RawOptions {
  std::optional<std::string> source, model, language, address, token, desk_token;
  std::vector<std::string> hosts;
  std::vector<cli::Setting> settings;
  std::vector<std::string> inputs;
  int latency = 0, port = -1, review = 0;
  bool version = false;
};

void add_all(cli::ProgramOptions& options, RawOptions& raw) {
  options.add("source", raw.source);
  options.add("model", raw.model);
  options.add("language", raw.language);
  options.add("latency", raw.latency);
  options.add("set", raw.settings);
  options.add("address", raw.address);
  options.add("port", raw.port);
  options.add("host", raw.hosts);
  options.add("token", raw.token);
  options.add("review", raw.review);
  options.add("desk-token", raw.desk_token);
  options.add("version", raw.version);
  options.add_rest(raw.inputs);
  options.add_library(gst_init_get_option_group());
}

/// Returns `input` if it is a URI, or the URI of the readable file with this name.
Result<std::string> uri_of(const std::string& input) {
  if (gst_uri_is_valid(input.c_str()) != FALSE) return input;
  std::error_code code;
  if (std::filesystem::is_directory(input, code)) {
    return fail(ErrorCode::InvalidArgument, input + ": is a folder");
  }
  if (access(input.c_str(), R_OK) != 0) {
    return fail(ErrorCode::NotFound, input + ": " + std::strerror(errno));
  }
  const cli::Owned<gchar> uri(gst_filename_to_uri(input.c_str(), nullptr));
  if (!uri) return fail(ErrorCode::InvalidArgument, input + ": cannot be converted to a URI");
  return std::string(uri.get());
}

/// Returns "camera" for rtsp://user:secret@camera/stream, and the scheme for a URI without a host.
std::string host_of(const std::string& text) {
  const std::unique_ptr<GstUri, void (*)(GstUri*)> uri(gst_uri_from_string(text.c_str()),
                                                       gst_uri_unref);
  const char* host = uri ? gst_uri_get_host(uri.get()) : nullptr;
  if (host != nullptr && *host != '\0') return host;
  const cli::Owned<gchar> scheme(gst_uri_get_protocol(text.c_str()));
  return scheme.get();
}

Result<void> read_input(const RawOptions& raw, MonitorOptions& options) {
  if ((raw.source ? 1U : 0U) + raw.inputs.size() != 1) {
    return fail(ErrorCode::InvalidArgument, "wanted one FILE, URI or --source");
  }
  if (raw.source) {
    options.source = "live source";
    options.listening.description = *raw.source;
    return {};
  }
  const auto uri = uri_of(raw.inputs[0]);
  if (!uri) return fail(uri.error());
  options.listening.uri = *uri;
  // Readers of the page must not see the file's folder or the camera's password.
  options.source = gst_uri_is_valid(raw.inputs[0].c_str()) == FALSE
                       ? std::filesystem::path(raw.inputs[0]).filename().string()
                       : host_of(raw.inputs[0]);
  return {};
}

Result<void> read_server(const RawOptions& raw, http::HttpServer::Options& server) {
  if (raw.port != -1) {
    if (raw.port < 0 || raw.port > 65535) {
      return fail(ErrorCode::InvalidArgument,
                  "--port " + std::to_string(raw.port) + ": wanted 0 to 65535");
    }
    server.port = static_cast<std::uint16_t>(raw.port);
  }
  if (raw.address) server.address = *raw.address;
  server.access.hosts = raw.hosts;
  if (raw.token) {
    // An empty token, as from an unset variable, must not make the page public.
    if (raw.token->empty()) return fail(ErrorCode::InvalidArgument, "--token: the value is empty");
    server.access.token = *raw.token;
  }
  return {};
}

Result<void> read_desk(const RawOptions& raw, MonitorOptions& options) {
  constexpr int kMaxReview = 60'000;
  if (raw.review < 0 || raw.review > kMaxReview) {
    return fail(ErrorCode::InvalidArgument, "--review " + std::to_string(raw.review) +
                                                ": wanted 0 to " + std::to_string(kMaxReview));
  }
  if ((raw.review != 0) != raw.desk_token.has_value()) {
    return fail(ErrorCode::InvalidArgument, "--review and --desk-token: found one, wanted both");
  }
  options.review = std::chrono::milliseconds(raw.review);
  options.desk_token = raw.desk_token.value_or("");
  if (raw.desk_token && raw.desk_token->empty()) {
    return fail(ErrorCode::InvalidArgument, "--desk-token: the value is empty");
  }
  if (raw.desk_token && raw.desk_token == raw.token) {
    return fail(ErrorCode::InvalidArgument,
                "--desk-token: found the value of --token, wanted another");
  }
  return {};
}

void read_properties(const RawOptions& raw, Listening& listening) {
  auto& properties = listening.properties;
  if (raw.model) properties.emplace_back("model", *raw.model);
  if (raw.language) properties.emplace_back("language-code", *raw.language);
  if (raw.latency != 0) properties.emplace_back("latency", std::to_string(raw.latency));
  properties.insert(properties.end(), raw.settings.begin(), raw.settings.end());
}

}  // namespace

Result<MonitorOptions> parse_monitor_options(int argc, char** argv) {
  RawOptions raw;
  cli::ProgramOptions program(cli::kMonitorHelp);
  add_all(program, raw);
  if (auto parsed = program.parse(argc, argv); !parsed) return fail(parsed.error());
  MonitorOptions options;
  options.version = raw.version;
  if (options.version) return options;
  if (auto read = read_server(raw, options.server); !read) return fail(read.error());
  if (auto read = read_desk(raw, options); !read) return fail(read.error());
  read_properties(raw, options.listening);
  if (auto read = read_input(raw, options); !read) return fail(read.error());
  return options;
}

}  // namespace npuwhisper::monitor
