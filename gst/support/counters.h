// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>

namespace npuwhisper {

/// Counters of the element itself since its creation; see the `stats` property. Thread-safe.
struct Counters {
  /// Input buffers whose memory comes from the element's allocator. They are queued without a copy.
  std::atomic<std::uint64_t> pool_buffers{0};
  /// The part of pool_buffers whose memory the device reads directly.
  std::atomic<std::uint64_t> device_buffers{0};
  /// Input buffers that were copied into the input queue's own memory.
  std::atomic<std::uint64_t> copied_buffers{0};
  std::atomic<std::uint64_t> bytes_copied{0};
  std::atomic<std::uint64_t> dropped_samples{0};  ///< Live input dropped because of a backlog.
  /// Live audio that the pad audio_src dropped because downstream was too slow.
  std::atomic<std::uint64_t> audio_dropped_samples{0};
  /// Dropped events from upstream that no newer event replaces. Events are dropped when a queue is
  /// full. An event that one pad drops counts even if another pad sends it.
  std::atomic<std::uint64_t> dropped_events{0};
  /// Partial results that were replaced by newer results before they were sent.
  std::atomic<std::uint64_t> replaced_partial_results{0};
  /// Final results that the pad unsynced_src dropped in live mode because downstream was too slow.
  std::atomic<std::uint64_t> dropped_results{0};
  /// Calls that did not return in time. The watchdog posts one WARNING for each such call.
  std::atomic<std::uint64_t> stalls{0};
  /// GAP events that the element created and pushed on `src` and `unsynced_src`.
  std::atomic<std::uint64_t> gaps{0};
  std::atomic<std::uint64_t> cues{0};  ///< Text buffers pushed on `src`.
};

}  // namespace npuwhisper
