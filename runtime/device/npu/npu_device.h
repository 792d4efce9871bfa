// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>

#include "design/design_spec.h"
#include "design/operation.h"
#include "device/device.h"
#include "device/registry.h"

namespace npuwhisper::cpu {
class CpuDevice;
}

namespace npuwhisper::npu_device {

class XrtSession;

/// An AMD XDNA NPU together with the CPU: the chosen stages run on the array, and all other stages
/// run on the CPU. The plan of each graph names the device of each operation, which never changes
/// at run time. The encoder stage is the encoder's graph. The decoder stage is the products of the
/// decoder's steps and, if the encoder is on the array too, the cross-attention projections at the
/// end of the encoder's stream. The mel stage is the log-mel, in its own context. With precision
/// int8 the products of the encoder's stream, except convolutions, have int8 weights, and the NPU
/// rounds their inputs to int8. Executables share the CPU's threads and, except for log-mel, one
/// context of the NPU, so only one executable runs at a time.
class NpuDevice final : public Device {
 public:
  /// Opens the first NPU and the CPU device. Errors: NotFound (no NPU, or no array configuration
  /// for it), Unsupported (precision f32: the array multiplies bf16), DeviceError (the array
  /// configuration cannot be loaded), those of the CPU device.
  static Result<std::unique_ptr<Device>> open(const DeviceOptions& options);
  ~NpuDevice() override;

  const DeviceInfo& info() const override { return info_; }
  DeviceStats stats() const override;
  bool joins_cross_attention() const override { return stages_.encoder && stages_.decoder; }
  Result<std::unique_ptr<Executable>> prepare(const Graph& graph, const Weights& weights,
                                              int batch) override;
  Result<GraphMemory> measure(const Graph& graph, const WeightsIndex& weights, int batch) override;
  Result<std::unique_ptr<WindowMel>> prepare_mel(int n_mels, int n_frames) override;

 private:
  NpuDevice(const NpuStages& stages, npu::WeightType encoder_weights, const npu::DesignSpec& spec,
            std::shared_ptr<XrtSession> session, std::unique_ptr<cpu::CpuDevice> cpu);

  NpuStages stages_;
  npu::WeightType encoder_weights_;
  npu::DesignSpec spec_;
  std::shared_ptr<XrtSession> session_;
  std::unique_ptr<cpu::CpuDevice> cpu_;
  DeviceInfo info_;
};

}  // namespace npuwhisper::npu_device
