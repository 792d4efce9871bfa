// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>

namespace npuwhisper {

/// What the element itself counts, from its creation on; see the `stats` property. Thread-safe.
struct Counters {
  std::atomic<std::uint64_t> pool_buffers{0};    ///< Arrived in memory of our allocator.
  std::atomic<std::uint64_t> device_buffers{0};  ///< Those of them that the device reads itself.
  std::atomic<std::uint64_t> copied_buffers{0};  ///< Arrived in other memory.
  std::atomic<std::uint64_t> bytes_copied{0};
  std::atomic<std::uint64_t> dropped_samples{0};  ///< Live input that nobody had time for.
  /// Live, on the pad audio_src: audio for which downstream had no time.
  std::atomic<std::uint64_t> audio_dropped_samples{0};
  /// Events of upstream that were too many, and that no other stands for. A pad that loses one that
  /// another pad passed counts it, too.
  std::atomic<std::uint64_t> dropped_events{0};
  /// Partial results that a newer one replaced before they were sent.
  std::atomic<std::uint64_t> replaced_partial_results{0};
  /// Live, on the pad unsynced_src: final results for which downstream had no time.
  std::atomic<std::uint64_t> dropped_results{0};
  /// Calls that did not return in time; a WARNING named each.
  std::atomic<std::uint64_t> stalls{0};
  std::atomic<std::uint64_t> gaps{0};  ///< GAP events pushed, all source pads.
  std::atomic<std::uint64_t> cues{0};  ///< Text buffers pushed on `src`.
};

}  // namespace npuwhisper
