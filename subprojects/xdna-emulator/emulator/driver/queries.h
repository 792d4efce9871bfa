// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <drm/amdxdna_accel.h>

#include "emulator/driver/device.h"

namespace npuwhisper::emu {

// The functions below execute the ioctls that query the device or set its state, for any client.
// They return 0 or an errno value. Some data that the kernel's driver reports does not exist in the
// emulation (power, the state of the tiles' registers). Queries for such data return EOPNOTSUPP or
// an empty answer. Thread-safe.
int get_info(Device& device, amdxdna_drm_get_info& arguments);
int get_array(Device& device, amdxdna_drm_get_array& arguments);
int set_state(Device& device, const amdxdna_drm_set_state& arguments);

}  // namespace npuwhisper::emu
