// SPDX-License-Identifier: LGPL-2.1-or-later

// npuwhisper-hls: live video with captions as HTTP Live Streaming. The work is in hls_stream.cpp.

#include <gst/gst.h>

#include <csignal>
#include <iostream>

#include "hls_stream.h"

namespace {

volatile std::sig_atomic_t caught_signal = 0;

void stop_on_signals() {
  struct sigaction action = {};
  action.sa_handler = [](int signal) { caught_signal = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // A second one kills.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int complain(const std::string& message) {
  std::cerr << "npuwhisper-hls: " << message << std::endl;
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  gint latency = 2000;
  gint length = 2;
  gint listed = 5;
  gchar* language = nullptr;
  gchar* model = nullptr;
  gchar** rest = nullptr;
  const GOptionEntry entries[] = {
      {"language", 'l', 0, G_OPTION_ARG_STRING, &language, "What is spoken (default: is detected)",
       "CODE"},
      {"model", 'm', 0, G_OPTION_ARG_FILENAME, &model, "The model (default: base)", "NAME"},
      {"latency", 0, 0, G_OPTION_ARG_INT, &latency, "By which text follows speech (2000)", "MS"},
      {"segment", 0, 0, G_OPTION_ARG_INT, &length, "Length of a segment (2)", "SECONDS"},
      {"listed", 0, 0, G_OPTION_ARG_INT, &listed, "Segments in the playlists; 0: all (5)", "N"},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, nullptr, nullptr},
      {nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr}};
  GOptionContext* context = g_option_context_new("FOLDER SOURCE");
  g_option_context_set_summary(
      context,
      "Writes a live stream with captions into FOLDER; players open its master.m3u8.\n"
      "SOURCE is a gst-launch line with raw video into `picture.` and raw audio into `speech.`, "
      "as\n"
      "  'uridecodebin uri=rtsp://camera/ name=d  d. ! videoconvert ! picture.  "
      "d. ! audioconvert ! speech.'");
  g_option_context_add_main_entries(context, entries, nullptr);
  g_option_context_add_group(context, gst_init_get_option_group());
  GError* error = nullptr;
  const bool parsed = g_option_context_parse(context, &argc, &argv, &error) != FALSE;
  g_option_context_free(context);
  if (!parsed) return complain(error->message);
  if (rest == nullptr || g_strv_length(rest) != 2) {
    return complain("wanted FOLDER and SOURCE; --help says more");
  }
  if (latency < 1 || length < 1 || listed < 0) {
    return complain("latency and segment are at least 1, listed is not negative");
  }

  const npuwhisper::cli::HlsOptions options{.folder = rest[0],
                                            .source = rest[1],
                                            .length = std::chrono::seconds(length),
                                            .n_listed = static_cast<std::size_t>(listed),
                                            .latency = std::chrono::milliseconds(latency),
                                            .language = language != nullptr ? language : "",
                                            .model = model != nullptr ? model : "base"};
  stop_on_signals();
  auto stream = npuwhisper::cli::HlsStream::create(options);
  if (!stream) return complain(stream.error().message);
  const auto played = (*stream)->run([] { return caught_signal != 0; });
  return played ? 0 : complain(played.error().message);
}
