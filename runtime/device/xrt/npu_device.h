// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>

#include "device/device.h"
#include "device/device_counters.h"
#include "device/registry.h"

namespace npuwhisper::cpu {
class CpuDevice;
}

namespace npuwhisper::xdna {

class XrtSession;

/// An AMD XDNA NPU beside the CPU: the encoder runs on the array, the cross-attention projections
/// and the decoder on the CPU. The plan of each graph says so for each operation; nothing changes
/// sides at run time.
class NpuDevice final : public Device {
 public:
  /// Errors: NotFound (no NPU, or no array configuration for it), Unsupported (precision f32: the
  /// array multiplies bf16; a stage that is not built), those of the CPU device.
  static Result<std::unique_ptr<Device>> open(const DeviceOptions& options);
  ~NpuDevice() override;

  const DeviceInfo& info() const override { return info_; }
  DeviceStats stats() const override;
  Result<std::unique_ptr<Executable>> prepare(const Graph& graph, const Weights& weights,
                                              int batch) override;

 private:
  NpuDevice(std::unique_ptr<XrtSession> session, std::shared_ptr<const DeviceCounters> counters,
            std::filesystem::path image, std::unique_ptr<cpu::CpuDevice> cpu);

  std::unique_ptr<XrtSession> session_;  // until the encoder takes it
  std::shared_ptr<const DeviceCounters> counters_;
  std::filesystem::path image_;
  std::unique_ptr<cpu::CpuDevice> cpu_;
  DeviceInfo info_;
};

}  // namespace npuwhisper::xdna
