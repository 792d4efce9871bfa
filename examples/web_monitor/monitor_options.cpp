// SPDX-License-Identifier: LGPL-2.1-or-later
#include "monitor_options.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>

namespace npuwhisper::monitor {
namespace {

constexpr const char* kSummary =
    "Shows on a web page what is being said: in FILE or URI, played in real time, or by a live\n"
    "source. The page stays when the file has ended. Ctrl-C ends the program.";

constexpr const char* kDescription =
    "  npuwhisper-monitor talk.mp4\n"
    "  npuwhisper-monitor --source pulsesrc --language en\n"
    "  npuwhisper-monitor --source 'rtspsrc location=rtsp://camera/ ! decodebin' --latency 5000\n"
    "\n"
    "The page is for this machine only, unless --address says otherwise. It has no password and "
    "is\n"
    "not encrypted: who can reach the address reads what is said.\n"
    "\n"
    "Exit status: 0 it was asked to end, 1 the source, the model or the page's address failed,\n"
    "2 wrong usage.";

/// What GOption writes into; it owns its strings, which are the user's bytes.
struct RawOptions {
  gchar *source = nullptr, *model = nullptr, *language = nullptr, *address = nullptr;
  gchar **settings = nullptr, **inputs = nullptr;
  gint latency = 0, port = -1;
  gboolean version = FALSE;

  RawOptions() = default;
  RawOptions(const RawOptions&) = delete;
  RawOptions& operator=(const RawOptions&) = delete;
  ~RawOptions() {
    for (gchar* text : {source, model, language, address}) g_free(text);
    g_strfreev(settings);
    g_strfreev(inputs);
  }
};

void add_entries(GOptionContext* context, RawOptions& raw) {
  const std::array entries = {
      GOptionEntry{"source", 0, 0, G_OPTION_ARG_FILENAME, &raw.source,
                   "Hear this, as gst-launch-1.0 takes it", "DESCRIPTION"},
      GOptionEntry{"model", 0, 0, G_OPTION_ARG_FILENAME, &raw.model,
                   "Model, by name or folder (default base)", "NAME|PATH"},
      GOptionEntry{"language", 0, 0, G_OPTION_ARG_FILENAME, &raw.language,
                   "Spoken language, such as en (default: found out)", "CODE"},
      GOptionEntry{"latency", 0, 0, G_OPTION_ARG_INT, &raw.latency,
                   "Milliseconds from a word to its text, at most (default: the element's)", "MS"},
      GOptionEntry{"set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &raw.settings,
                   "Any property of the element npuwhisper; more than once", "NAME=VALUE"},
      GOptionEntry{"address", 0, 0, G_OPTION_ARG_FILENAME, &raw.address,
                   "Serve the page there (default 127.0.0.1)", "IP"},
      GOptionEntry{"port", 0, 0, G_OPTION_ARG_INT, &raw.port,
                   "TCP port (default 8090; 0: a free one)", "N"},
      GOptionEntry{"version", 0, 0, G_OPTION_ARG_NONE, &raw.version, "Print the version and exit",
                   nullptr},
      GOptionEntry{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &raw.inputs, nullptr,
                   nullptr},
      GOptionEntry{},
  };
  g_option_context_add_main_entries(context, entries.data(), nullptr);
}

/// The URI of what is a URI or the name of a file that can be read.
Result<std::string> uri_of(const char* input) {
  if (gst_uri_is_valid(input) != FALSE) return std::string(input);
  std::error_code code;
  if (std::filesystem::is_directory(input, code)) {
    return fail(ErrorCode::InvalidArgument, std::string(input) + ": is a folder");
  }
  if (access(input, R_OK) != 0) {
    return fail(ErrorCode::NotFound, std::string(input) + ": " + std::strerror(errno));
  }
  const cli::Owned<gchar> uri(gst_filename_to_uri(input, nullptr));
  if (!uri) return fail(ErrorCode::InvalidArgument, std::string(input) + ": cannot be a URI");
  return std::string(uri.get());
}

/// "camera" of rtsp://user:secret@camera/stream; of a URI without a host, its scheme.
std::string host_of(const char* text) {
  const std::unique_ptr<GstUri, void (*)(GstUri*)> uri(gst_uri_from_string(text), gst_uri_unref);
  const char* host = uri ? gst_uri_get_host(uri.get()) : nullptr;
  if (host != nullptr && *host != '\0') return host;
  const cli::Owned<gchar> scheme(gst_uri_get_protocol(text));
  return scheme.get();
}

Result<void> read_input(const RawOptions& raw, MonitorOptions& options) {
  const guint n_inputs = raw.inputs != nullptr ? g_strv_length(raw.inputs) : 0;
  if ((raw.source != nullptr ? 1 : 0) + n_inputs != 1) {
    return fail(ErrorCode::InvalidArgument, "wanted one FILE, URI or --source");
  }
  if (raw.source != nullptr) {
    options.source = "live source";
    options.listening.description = raw.source;
    return {};
  }
  const auto uri = uri_of(raw.inputs[0]);
  if (!uri) return fail(uri.error());
  options.listening.uri = *uri;
  // Who reads the page need not know where the file is, nor the password of the camera.
  options.source = gst_uri_is_valid(raw.inputs[0]) == FALSE
                       ? std::filesystem::path(raw.inputs[0]).filename().string()
                       : host_of(raw.inputs[0]);
  return {};
}

Result<void> read_properties(const RawOptions& raw, Listening& listening) {
  auto& properties = listening.properties;
  if (raw.model != nullptr) properties.emplace_back("model", raw.model);
  if (raw.language != nullptr) properties.emplace_back("language-code", raw.language);
  if (raw.latency != 0) properties.emplace_back("latency", std::to_string(raw.latency));
  for (gchar** setting = raw.settings; setting != nullptr && *setting != nullptr; ++setting) {
    const std::string_view text = *setting;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return fail(ErrorCode::InvalidArgument,
                  "--set '" + std::string(text) + "': wanted NAME=VALUE");
    }
    properties.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return {};
}

}  // namespace

Result<MonitorOptions> parse_monitor_options(int argc, char** argv) {
  RawOptions raw;
  const std::unique_ptr<GOptionContext, void (*)(GOptionContext*)> context(
      g_option_context_new("[FILE|URI]"), g_option_context_free);
  g_option_context_set_summary(context.get(), kSummary);
  g_option_context_set_description(context.get(), kDescription);
  add_entries(context.get(), raw);
  g_option_context_add_group(context.get(), gst_init_get_option_group());
  GError* error = nullptr;
  if (!g_option_context_parse(context.get(), &argc, &argv, &error)) {
    const std::string message = error->message;
    g_error_free(error);
    return fail(ErrorCode::InvalidArgument, message);
  }
  MonitorOptions options;
  options.version = raw.version != FALSE;
  if (options.version) return options;
  if (raw.port != -1) {
    if (raw.port < 0 || raw.port > 65535) {
      return fail(ErrorCode::InvalidArgument,
                  "--port " + std::to_string(raw.port) + ": wanted 0 to 65535");
    }
    options.port = static_cast<std::uint16_t>(raw.port);
  }
  if (raw.address != nullptr) options.address = raw.address;
  if (auto read = read_properties(raw, options.listening); !read) return fail(read.error());
  if (auto read = read_input(raw, options); !read) return fail(read.error());
  return options;
}

}  // namespace npuwhisper::monitor
