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

namespace npuwhisper::xdna {

class XrtSession;

/// An AMD XDNA NPU beside the CPU: the stages chosen run on the array, the rest on the CPU. The
/// plan of each graph says so for each operation; nothing changes sides at run time. Stage encoder
/// is the encoder's graph; stage decoder the products of the decoder's steps, and, where the
/// encoder is on the array too, the cross-attention projections, at the end of the encoder's
/// stream. With precision int8 the encoder's stream has int8 weights, and rounds what they are
/// multiplied with. Executables share one context of the NPU and the CPU's threads: one runs at a
/// time.
class NpuDevice final : public Device {
 public:
  /// Errors: NotFound (no NPU, or no array configuration for it), Unsupported (precision f32: the
  /// array multiplies bf16; a stage that is not built), DeviceError (the array configuration cannot
  /// be loaded), those of the CPU device.
  static Result<std::unique_ptr<Device>> open(const DeviceOptions& options);
  ~NpuDevice() override;

  const DeviceInfo& info() const override { return info_; }
  DeviceStats stats() const override;
  bool joins_cross_attention() const override { return stages_.encoder && stages_.decoder; }
  Result<std::unique_ptr<Executable>> prepare(const Graph& graph, const Weights& weights,
                                              int batch) override;
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

}  // namespace npuwhisper::xdna
