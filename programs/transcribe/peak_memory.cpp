// SPDX-License-Identifier: LGPL-2.1-or-later
#include "peak_memory.h"

#include <fstream>
#include <limits>
#include <string>

namespace npuwhisper::cli {

std::uint64_t peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  std::string key;
  while (status >> key) {
    if (key == "VmHWM:") {
      std::uint64_t kib = 0;
      status >> kib;
      return kib * 1024;
    }
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace npuwhisper::cli
