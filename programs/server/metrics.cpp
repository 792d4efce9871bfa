// SPDX-License-Identifier: LGPL-2.1-or-later
#include "metrics.h"

#include <sstream>

namespace npuwhisper::server {
namespace {

/// Writes the lines that describe a metric.
void describe(std::ostream& out, const char* name, const char* type, const char* help) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << ' ' << type << '\n';
}

template <typename Value>
void write(std::ostream& out, const char* name, const char* type, const char* help, Value value) {
  describe(out, name, type, help);
  out << name << ' ' << value << '\n';
}

}  // namespace

std::string Metrics::text(const Gauges& gauges) const {
  std::ostringstream out;
  out.precision(15);
  constexpr const char* kRequests = "npuwhisper_requests_total";
  describe(out, kRequests, "counter", "Answered requests by endpoint and HTTP status.");
  for (const auto& [labels, n] : requests_) {
    out << kRequests << "{endpoint=\"" << labels.first << "\",status=\"" << labels.second << "\"} "
        << n << '\n';
  }
  write(out, "npuwhisper_audio_requests", "gauge", "Audio requests that are not answered yet.",
        gauges.n_requests);
  write(out, "npuwhisper_realtime_sessions", "gauge", "Open realtime sessions.", gauges.n_sessions);
  write(out, "npuwhisper_realtime_sessions_total", "counter", "Realtime sessions begun.",
        n_sessions_);
  write(out, "npuwhisper_connections", "gauge", "Open connections.", gauges.n_connections);
  write(out, "npuwhisper_audio_seconds_total", "counter", "Seconds of audio transcribed.",
        audio_seconds_);
  write(out, "npuwhisper_working_seconds_total", "counter",
        "Seconds in which threads have transcribed.", gauges.working_seconds);
  write(out, "npuwhisper_decoder_kills_total", "counter",
        "Decoder processes that exceeded a limit or crashed.", n_decoder_kills_);
  return out.str();
}

}  // namespace npuwhisper::server
