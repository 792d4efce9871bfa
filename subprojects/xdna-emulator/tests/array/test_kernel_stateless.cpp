// SPDX-License-Identifier: LGPL-2.1-or-later
// A shared object that was not built for the emulated NPU.
extern "C" __attribute__((visibility("default"))) int scale();
int scale() {
  return 0;
}
