// SPDX-License-Identifier: LGPL-2.1-or-later
#include "footprint.h"

#include <malloc.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace npuwhisper::stress {
namespace {

// Maximum growth that is tolerated, because libraries open files and fill tables on first use.
constexpr std::size_t kMoreDescriptors = 4;
constexpr std::size_t kMoreHeapBytes = 4 << 20;

std::size_t n_entries(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

// Returns the number of threads. Reads the status file, because counting /proc/self/task is not
// exact. If a thread ends while the folder is read, the count may miss later threads in the list.
std::size_t count_threads() {
  constexpr std::string_view kKey = "Threads:\t";
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (!line.starts_with(kKey)) continue;
    std::size_t n = 0;
    std::from_chars(line.data() + kKey.size(), line.data() + line.size(), n);
    return n;
  }
  std::abort();  // The line exists since Linux 2.6.
}

}  // namespace

Footprint Footprint::now() {
  const struct mallinfo2 heap = mallinfo2();
  return {.n_threads = count_threads(),
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
