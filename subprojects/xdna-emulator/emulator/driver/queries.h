// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <drm/amdxdna_accel.h>

#include "emulator/driver/device.h"

namespace npuwhisper::emu {

// The ioctls that query the device or set its state, for any client. They return 0 or an errno
// value. Queries that the kernel's driver can answer but an emulation cannot answer honestly
// (power, the state of the tiles' registers) return EOPNOTSUPP, or an answer without data.
// Thread-safe.
int get_info(Device& device, amdxdna_drm_get_info& arguments);
int get_array(Device& device, amdxdna_drm_get_array& arguments);
int set_state(Device& device, const amdxdna_drm_set_state& arguments);

}  // namespace npuwhisper::emu
