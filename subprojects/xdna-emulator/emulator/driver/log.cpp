// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/log.h"

#include <unistd.h>

namespace npuwhisper::emu {

void log(const std::string& message) {
  // Write each line with one call, so that lines of several threads and processes do not mix.
  const std::string line = "npuwhisper: emulated NPU: " + message + "\n";
  [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace npuwhisper::emu
