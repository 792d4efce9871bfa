// SPDX-License-Identifier: LGPL-2.1-or-later
#include "footprint.h"

#include <malloc.h>

#include <filesystem>

namespace npuwhisper::stress {
namespace {

// Libraries open a few things, and fill their tables, when they are first needed.
constexpr std::size_t kMoreDescriptors = 4;
constexpr std::size_t kMoreHeapBytes = 4 << 20;

std::size_t n_entries(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace

Footprint Footprint::now() {
  const struct mallinfo2 heap = mallinfo2();
  return {.n_threads = n_entries("/proc/self/task"),
          .n_descriptors = n_entries("/proc/self/fd"),
          .heap_bytes = heap.uordblks + heap.hblkhd};
}

std::string Footprint::describe() const {
  return std::to_string(n_threads) + " threads, " + std::to_string(n_descriptors) +
         " descriptors, " + std::to_string(heap_bytes >> 10U) + " KiB of heap";
}

std::optional<std::string> growth(const Footprint& before, const Footprint& now) {
  const bool grown = now.n_threads > before.n_threads ||
                     now.n_descriptors > before.n_descriptors + kMoreDescriptors ||
                     now.heap_bytes > before.heap_bytes + kMoreHeapBytes;
  if (!grown) return std::nullopt;
  return now.describe() + "; after the warm-up " + before.describe();
}

}  // namespace npuwhisper::stress
