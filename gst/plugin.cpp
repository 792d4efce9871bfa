// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>

#include <npuwhisper/log.h>

#include "gst/bin/gstnpuwhisperbin.h"
#include "gst/cea608/gsttexttocea608.h"
#include "gst/element/gstnpuwhisper.h"
#include "gst/support/debug.h"

namespace {

GstDebugLevel gst_level(npuwhisper::LogLevel level) {
  switch (level) {
    case npuwhisper::LogLevel::Error:
      return GST_LEVEL_ERROR;
    case npuwhisper::LogLevel::Warning:
      return GST_LEVEL_WARNING;
    case npuwhisper::LogLevel::Info:
      return GST_LEVEL_INFO;
    case npuwhisper::LogLevel::Debug:
      break;
  }
  return GST_LEVEL_DEBUG;
}

gboolean plugin_init(GstPlugin* plugin) {
  const gboolean registered = GST_ELEMENT_REGISTER(npuwhisper, plugin) &&
                              GST_ELEMENT_REGISTER(texttocea608, plugin) &&
                              GST_ELEMENT_REGISTER(npuwhisperbin, plugin);
  // Initializes the class now, because the class initialization creates the debug category. The
  // runtime may log before the first element is created.
  g_type_class_unref(g_type_class_ref(GST_TYPE_NPU_WHISPER));
  npuwhisper::set_log_sink([](npuwhisper::LogLevel level, std::string_view message) {
    GST_CAT_LEVEL_LOG(npuwhisper_debug, gst_level(level), nullptr, "%.*s",
                      static_cast<int>(message.size()), message.data());
  });
  return registered;
}

}  // namespace

// The sources are LGPL-2.1-or-later. The licence of the binary depends on the FFT library with
// which the runtime is linked (Meson's option `fft`): "GPL" with FFTW3, "LGPL" with KISS FFT.
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, npuwhisper,
                  "Whisper speech recognition on AMD XDNA NPUs and CPUs, and captions", plugin_init,
                  PACKAGE_VERSION, NPUWHISPER_BINARY_LICENCE, "npuwhisper",
                  "Unknown package origin")
