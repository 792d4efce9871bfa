// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>

#include "device/npu/mel_operations.h"
#include "device/npu/repeating_run.h"
#include "device/npu/xrt_session.h"
#include "device/window_mel.h"

namespace npuwhisper::npu_device {

/// Computes log-mel on the NPU with one submission and three buffer syncs per window. The samples
/// are read in place: the part of their buffer that holds the window becomes the run's argument. A
/// window that fails is repeated once (RepeatingRun). Thread-safe.
class MelExecutable final : public WindowMel {
 public:
  /// Plans the run and packs the Fourier matrix and the filters. `session` must have loaded the
  /// image's kernel kMelKernel. Errors: InvalidArgument, Unsupported, DeviceError.
  static Result<std::unique_ptr<WindowMel>> create(int n_mels, int n_frames,
                                                   const npu::DesignSpec& spec,
                                                   std::shared_ptr<XrtSession> session);

  const Plan& plan() const override { return plan_; }
  int n_mels() const override { return mel_.n_mels; }
  int n_frames() const override { return static_cast<int>(mel_.rows.size()); }
  Result<std::unique_ptr<Buffer>> allocate_samples(std::size_t n_samples) override;
  Result<void> run(Buffer& samples, std::size_t first, std::span<float> out) override;

 private:
  class SampleBuffer;
  MelExecutable(MelOperations mel, std::shared_ptr<XrtSession> session)
      : mel_(std::move(mel)), session_(std::move(session)) {}
  Result<void> load(const npu::DesignSpec& spec);
  void describe(const npu::Plan& plan);

  const MelOperations mel_;
  const std::shared_ptr<XrtSession> session_;
  Plan plan_;
  std::array<std::size_t, kNMelArguments> buffers_{};  // numbers of the session's buffers
  std::optional<RepeatingRun> work_;
  std::mutex mutex_;  // guards the session after load()
};

/// Name of the log-mel design's kernel in an image.
inline constexpr const char* kMelKernel = "mel";

}  // namespace npuwhisper::npu_device
