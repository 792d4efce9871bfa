// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace npuwhisper::server {

/// Counts the server's work for Prometheus (text format 0.0.4). Reentrant.
class Metrics {
 public:
  /// Values that other parts of the server know.
  struct Gauges {
    std::size_t n_requests = 0;  ///< Audio requests that are not answered.
    std::size_t n_sessions = 0;  ///< Open realtime sessions.
    std::size_t n_connections = 0;
    double working_seconds = 0;  ///< Time in which threads have transcribed.
  };

  /// Counts an answered request. `endpoint` is one of a fixed set of paths.
  void count_request(const std::string& endpoint, unsigned status) {
    ++requests_[{endpoint, status}];
  }
  void count_audio(double seconds) { audio_seconds_ += seconds; }
  void count_session() { ++n_sessions_; }
  /// Counts a decoder process that was killed because it exceeded a limit or crashed.
  void count_decoder_kill() { ++n_decoder_kills_; }

  std::string text(const Gauges& gauges) const;

 private:
  std::map<std::pair<std::string, unsigned>, std::uint64_t> requests_;
  double audio_seconds_ = 0;
  std::uint64_t n_sessions_ = 0;
  std::uint64_t n_decoder_kills_ = 0;
};

}  // namespace npuwhisper::server
