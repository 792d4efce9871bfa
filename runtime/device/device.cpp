// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/device.h"

#include "device/window_mel.h"

namespace npuwhisper {

Result<std::unique_ptr<WindowMel>> Device::prepare_mel(int, int) {
  return std::unique_ptr<WindowMel>();
}

}  // namespace npuwhisper
