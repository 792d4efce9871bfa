// SPDX-License-Identifier: LGPL-2.1-or-later
#include "soak_options.h"

#include <gst/gst.h>

#include <array>
#include <memory>

namespace npuwhisper::soak {
namespace {

constexpr const char* kSummary =
    "Plays hours of live input to the element and watches its text, its times and its memory.\n"
    "Without --model it hears tones with a test device, as fast as the CPU can; with one it hears\n"
    "FILEs, again and again, in real time.";

struct RawOptions {
  gchar* model = nullptr;
  gchar **settings = nullptr, **files = nullptr;
  gdouble hours = 4;
  gint64 seed = 1;
  gint latency = 3000;
  gboolean plain = FALSE, overload = FALSE;

  RawOptions() = default;
  RawOptions(const RawOptions&) = delete;
  RawOptions& operator=(const RawOptions&) = delete;
  ~RawOptions() {
    g_free(model);
    g_strfreev(settings);
    g_strfreev(files);
  }
};

Result<SoakOptions> read(const RawOptions& raw) {
  SoakOptions options;
  if (raw.model != nullptr) options.model = raw.model;
  options.real_time = raw.model != nullptr;
  for (gchar** file = raw.files; file != nullptr && *file != nullptr; ++file) {
    options.files.emplace_back(*file);
  }
  if (options.model.empty() != options.files.empty()) {
    return fail(ErrorCode::InvalidArgument, "wanted --model and FILEs, or neither");
  }
  if (raw.hours <= 0) return fail(ErrorCode::InvalidArgument, "--hours: wanted more than 0");
  if (raw.latency < 1000) {
    return fail(ErrorCode::InvalidArgument, "--latency: wanted 1000 or more");
  }
  options.hours = raw.hours;
  options.seed = static_cast<std::uint64_t>(raw.seed);
  options.latency_ms = static_cast<unsigned>(raw.latency);
  options.plain = raw.plain != FALSE;
  options.overload = raw.overload != FALSE;
  for (gchar** setting = raw.settings; setting != nullptr && *setting != nullptr; ++setting) {
    const std::string text = *setting;
    const auto equals = text.find('=');
    if (equals == std::string::npos) {
      return fail(ErrorCode::InvalidArgument, "--set '" + text + "': wanted NAME=VALUE");
    }
    options.properties.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return options;
}

}  // namespace

Result<SoakOptions> parse_soak_options(int argc, char** argv) {
  RawOptions raw;
  const std::array entries = {
      GOptionEntry{"model", 0, 0, G_OPTION_ARG_FILENAME, &raw.model, "A real model, such as base",
                   "NAME|PATH"},
      GOptionEntry{"hours", 0, 0, G_OPTION_ARG_DOUBLE, &raw.hours, "Of the stream (4)", "N"},
      GOptionEntry{"seed", 0, 0, G_OPTION_ARG_INT64, &raw.seed, "What happens when (1)", "N"},
      GOptionEntry{"latency", 0, 0, G_OPTION_ARG_INT, &raw.latency, "The element's (3000)", "MS"},
      GOptionEntry{"plain", 0, 0, G_OPTION_ARG_NONE, &raw.plain,
                   "Nothing but audio: no seeks, gaps, or changes", nullptr},
      GOptionEntry{"overload", 0, 0, G_OPTION_ARG_NONE, &raw.overload,
                   "Now and then more audio at once than can be heard", nullptr},
      GOptionEntry{"set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &raw.settings,
                   "Any property of the element; more than once", "NAME=VALUE"},
      GOptionEntry{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &raw.files, nullptr,
                   nullptr},
      GOptionEntry{},
  };
  const std::unique_ptr<GOptionContext, void (*)(GOptionContext*)> context(
      g_option_context_new("[FILE...]"), g_option_context_free);
  g_option_context_set_summary(context.get(), kSummary);
  g_option_context_add_main_entries(context.get(), entries.data(), nullptr);
  g_option_context_add_group(context.get(), gst_init_get_option_group());
  GError* error = nullptr;
  if (!g_option_context_parse(context.get(), &argc, &argv, &error)) {
    const std::string message = error->message;
    g_error_free(error);
    return fail(ErrorCode::InvalidArgument, message);
  }
  return read(raw);
}

}  // namespace npuwhisper::soak
