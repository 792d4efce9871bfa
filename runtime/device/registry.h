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
  /// Number of CPU threads. 0: one for each physical core that the cgroup and the affinity allow.
  unsigned n_threads = 0;
  NpuStages npu_stages = {};  ///< Stages that run on the NPU; unused if Auto chooses the CPU.
};

/// Opens the requested device. Auto tries the NPU, then the CPU, chooses the first device that can
/// be opened, and logs the choice. Errors: InvalidArgument (NPU stages for a CPU), NotFound (this
/// build has no device of this kind; for Auto: no device can be opened), and, except for Auto, the
/// errors of the device's open().
Result<std::unique_ptr<Device>> open_device(const DeviceOptions& options);

}  // namespace npuwhisper
