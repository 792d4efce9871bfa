// SPDX-License-Identifier: LGPL-2.1-or-later

// npuwhisper-server: the audio interface of OpenAI over HTTP. Shows how a program uses the library
// for many files at a time: transcription_task.cpp transcribes one upload, and turns.cpp divides
// the time between the uploads.

#include <glib-unix.h>
#include <gst/gst.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>

#include <npuwhisper/guarded.h>

#include "api_server.h"
#include "decoder_main.h"
#include "served_models.h"
#include "server_options.h"

namespace npuwhisper::server {
namespace {

enum ExitCode { kOk = 0, kFailed = 1, kUsage = 2 };

constexpr double kFarewellSeconds = 1;

void complain(const std::string& message) {
  std::cerr << "npuwhisper-server: " << message << std::endl;
}

int exit_code_of(const Error& error) {
  return error.code == ErrorCode::InvalidArgument ? kUsage : kFailed;
}

/// Returns a warning about the possible clients of a server that other machines can reach.
std::string describe_clients(const http::HttpServer::Options& options) {
  const bool is_open = options.access.token.empty();
  return "warning: " + std::string(is_open ? "anyone" : "anyone with the key") + " who can reach " +
         options.address + " over the network can use the server" +
         (is_open ? "; no key is required (--api-key sets one)" : "") +
         ", and the connection is not encrypted";
}

/// Returns a warning if the requests and sessions of `options` may take more memory than the
/// machine has. Returns an empty text otherwise, or if the memory is not known.
std::string describe_memory(const ServerOptions& options) {
  std::uint64_t models_bytes = 0;
  std::uint64_t stream_bytes = 0;
  EngineOptions engine = options.engine;
  for (const std::string& model : options.models) {
    engine.model = model;
    const auto need = Engine::memory_needed(engine);
    if (!need) return {};
    models_bytes += need->peak_bytes() - need->stream_bytes;
    stream_bytes = std::max(stream_bytes, need->stream_bytes);
  }
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return {};
  const auto found = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes);
  const Limits& limits = options.server.limits;
  const std::uint64_t wanted =
      models_bytes + (limits.n_requests + limits.n_sessions) * stream_bytes;
  if (wanted <= found) return {};
  return "warning: " + std::to_string(limits.n_requests) + " requests and " +
         std::to_string(limits.n_sessions) + " realtime sessions at a time may take " +
         std::to_string(wanted >> 20) + " MB of memory, and this machine has " +
         std::to_string(found >> 20) + " MB (--max-requests and --max-sessions set lower numbers)";
}

/// Runs the server until it has stopped.
class Run {
 public:
  Run(ApiServer& server, std::chrono::seconds grace)
      : server_(server), grace_(grace), loop_(g_main_loop_new(nullptr, FALSE)) {}
  ~Run() { g_main_loop_unref(loop_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void run() {
    const GSourceFunc on_signal = [](gpointer self) -> gboolean {
      static_cast<Run*>(self)->stop();
      return G_SOURCE_CONTINUE;
    };
    const guint interrupt = g_unix_signal_add(SIGINT, on_signal, this);
    const guint terminate = g_unix_signal_add(SIGTERM, on_signal, this);
    g_main_loop_run(loop_);
    for (const guint source : {interrupt, terminate, timer_}) {
      if (source != 0) g_source_remove(source);
    }
    server_.close(kFarewellSeconds);
  }

 private:
  /// Stops after the running requests. The second call stops at once.
  void stop() {
    if (std::exchange(stopping_, true)) return g_main_loop_quit(loop_);
    timer_ = g_timeout_add_seconds(
        static_cast<guint>(grace_.count()),
        [](gpointer self) -> gboolean {
          auto& run = *static_cast<Run*>(self);
          run.timer_ = 0;
          g_main_loop_quit(run.loop_);
          return G_SOURCE_REMOVE;
        },
        this);
    server_.begin_stop([this] { g_main_loop_quit(loop_); });
  }

  ApiServer& server_;
  const std::chrono::seconds grace_;
  GMainLoop* const loop_;
  guint timer_ = 0;
  bool stopping_ = false;
};

int run(int argc, char** argv) {
  const auto options = parse_server_options(argc, argv);
  if (!options) {
    complain(options.error().message + " (see --help)");
    return exit_code_of(options.error());
  }
  if (options->version) {
    std::cout << "npuwhisper-server " NPUWHISPER_VERSION << std::endl;
    return kOk;
  }
  // Brings GStreamer's registry up to date for the decoder processes.
  gst_init(nullptr, nullptr);
  auto models = ServedModels::open(options->models, options->engine);
  if (!models) {
    complain(models.error().message);
    return kFailed;
  }
  const auto server = ApiServer::create(options->server, *std::move(models));
  if (!server) {
    complain(server.error().message);
    return exit_code_of(server.error());
  }
  if (!(*server)->is_loopback()) complain(describe_clients(options->server.http));
  if (const std::string warning = describe_memory(*options); !warning.empty()) complain(warning);
  std::cout << (*server)->url() << std::endl;
  Run(**server, options->grace).run();
  return kOk;
}

/// Calls run() and returns its exit code. If run() throws an exception, such as std::bad_alloc,
/// reports the exception and returns kFailed.
int run_guarded(int argc, char** argv) {
  const Result<int> code =
      guarded("cannot continue", [&]() -> Result<int> { return run(argc, argv); });
  if (code) return *code;
  std::fprintf(stderr, "npuwhisper-server: %s\n", code.error().message.c_str());
  return kFailed;
}

}  // namespace
}  // namespace npuwhisper::server

int main(int argc, char** argv) {
  using namespace npuwhisper::server;
  if (argc > 1 && std::strcmp(argv[1], kDecoderArgument) == 0) return decoder_main(argc, argv);
  return run_guarded(argc, argv);
}
