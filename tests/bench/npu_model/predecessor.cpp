// SPDX-License-Identifier: LGPL-2.1-or-later
#include "predecessor.h"

#include "array/clock_constants.h"

namespace npuwhisper::bench::predecessor {

double kernel_seconds(int n_cores) {
  return npu::kDispatchSeconds + (kKernelSeconds4 - npu::kDispatchSeconds) * 4 / n_cores;
}

double encoder_seconds(int n_cores) {
  return kEncoderSeconds4 *
         (1 - kKernelShare4 + kKernelShare4 * kernel_seconds(n_cores) / kernel_seconds(4));
}

double dispatch_share() {
  return npu::kDispatchSeconds / kernel_seconds(4);
}

}  // namespace npuwhisper::bench::predecessor
