// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace npuwhisper::server {

/// Limits on what requests may take.
struct Limits {
  std::uint64_t upload_bytes = std::uint64_t{512} << 20;  ///< Body of a request.
  std::chrono::minutes duration{240};                     ///< Audio of an upload.
  std::chrono::seconds request_time{300};                 ///< Arrival of a request.
  std::chrono::seconds decode_time{120};                  ///< Decoding of an upload.
  std::size_t n_requests = 64;                            ///< Audio requests at a time.
  std::size_t n_sessions = 16;                            ///< Realtime sessions at a time.
};

}  // namespace npuwhisper::server
