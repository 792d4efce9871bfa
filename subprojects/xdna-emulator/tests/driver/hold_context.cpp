// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Holds a hardware context until it is killed.
#include <unistd.h>

#include "xrt_program.h"

int main() {
  const npuwhisper::emu::XrtProgram program;
  pause();
}
