// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>

#include <npuwhisper/device_info.h>
#include <npuwhisper/npu_stages.h>
#include <npuwhisper/result.h>

#include "device/device.h"

namespace npuwhisper {

struct DeviceOptions {
  DeviceKind kind = DeviceKind::Auto;
  Precision precision = Precision::Auto;
  unsigned n_threads = 0;   ///< 0: the physical cores that cgroup and affinity allow.
  NpuStages npu_stages = {};  ///< Stages that run on the NPU; unused if Auto chooses the CPU.
};

/// Opens the requested device. Auto chooses the first that can be opened, NPU before CPU, and logs
/// its choice. Errors: NotFound (no such device here), Unsupported (precision), InvalidArgument
/// (stages for a CPU), those of the device.
Result<std::unique_ptr<Device>> open_device(const DeviceOptions& options);

}  // namespace npuwhisper
