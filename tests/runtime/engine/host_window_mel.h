// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <numbers>
#include <span>
#include <vector>

#include "audio/fft_plan.h"
#include "audio/log_mel.h"
#include "audio/log_power.h"
#include "audio/mel_filterbank.h"
#include "device/window_mel.h"
#include "host_buffer.h"

namespace npuwhisper::test {

/// Computes log-mel on the host, frame by frame, as a device does from samples in its own memory.
class HostWindowMel final : public WindowMel {
 public:
  HostWindowMel(int n_mels, int n_frames)
      : n_frames_(n_frames),
        fft_(*FftPlan::create(kFftSize)),
        bank_(*MelFilterbank::create(n_mels, kFftSize, 16000)) {}

  const Plan& plan() const override { return plan_; }
  int n_mels() const override { return bank_.n_mels(); }
  int n_frames() const override { return n_frames_; }
  Result<std::unique_ptr<Buffer>> allocate_samples(std::size_t n_samples) override {
    return std::unique_ptr<Buffer>(std::make_unique<HostBuffer>(2 * n_samples));
  }

  Result<void> run(Buffer& samples, std::size_t first, std::span<float> out) override {
    ++n_runs;
    if (first % 2 != 0) return fail(ErrorCode::InvalidArgument, "an odd sample");
    const std::span<std::byte> bytes = samples.host();
    const std::span all(reinterpret_cast<const std::int16_t*>(bytes.data()), bytes.size() / 2);
    const auto mels = static_cast<std::size_t>(n_mels());
    std::vector<float> power(kFftSize / 2 + 1);
    for (int frame = 0; frame < n_frames_; ++frame) {
      const auto at = first + static_cast<std::size_t>(frame) * kHop;
      if (at + kFftSize > all.size()) return fail(ErrorCode::DeviceError, "beyond the buffer");
      for (std::size_t i = 0; i < kFftSize; ++i) {
        const double hann =
            0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / kFftSize);
        fft_->input()[i] = static_cast<float>(all[at + i] / 32768.0) * static_cast<float>(hann);
      }
      const std::span<const float> spectrum = fft_->execute();
      for (std::size_t k = 0; k < power.size(); ++k) {
        power[k] = spectrum[2 * k] * spectrum[2 * k] + spectrum[2 * k + 1] * spectrum[2 * k + 1];
      }
      const auto row = out.subspan(static_cast<std::size_t>(frame) * mels, mels);
      bank_.apply(power, row);
      log10_power(row, row);
      for (float& x : row) x = (x + 4.0F) / 4.0F;
    }
    return {};
  }

  int n_runs = 0;

 private:
  int n_frames_;
  std::unique_ptr<FftPlan> fft_;
  MelFilterbank bank_;
  Plan plan_;
};

}  // namespace npuwhisper::test
