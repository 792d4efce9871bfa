// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/mel_executable.h"

#include <cstdio>
#include <string>
#include <utility>

#include "design/predict.h"
#include "device/npu/describe_run.h"
#include "mel_core/mel_core.h"

namespace npuwhisper::npu_device {

/// A buffer of the session, released when this object is destroyed.
class MelExecutable::SampleBuffer final : public Buffer {
 public:
  SampleBuffer(MelExecutable& owner, std::size_t number) : owner_(owner), number_(number) {}
  ~SampleBuffer() override {
    const std::lock_guard lock(owner_.mutex_);
    owner_.session_->remove_buffer(number_);
  }
  SampleBuffer(const SampleBuffer&) = delete;
  SampleBuffer& operator=(const SampleBuffer&) = delete;

  std::size_t number() const { return number_; }
  std::span<std::byte> host() override {
    const std::lock_guard lock(owner_.mutex_);
    return owner_.session_->buffer(number_);
  }
  Result<void> sync_to_device() override {
    const std::lock_guard lock(owner_.mutex_);
    return owner_.session_->sync_to_device(number_);
  }
  Result<void> sync_from_device() override {
    const std::lock_guard lock(owner_.mutex_);
    return owner_.session_->sync_from_device(number_);
  }

 private:
  MelExecutable& owner_;
  const std::size_t number_;
};

Result<std::unique_ptr<WindowMel>> MelExecutable::create(int n_mels, int n_frames,
                                                         const npu::DesignSpec& spec,
                                                         std::shared_ptr<XrtSession> session) {
  auto mel = make_mel_operations(spec, n_mels, n_frames);
  if (!mel) return fail(mel.error());
  std::unique_ptr<MelExecutable> made(new MelExecutable(std::move(*mel), std::move(session)));
  if (auto loaded = made->load(spec); !loaded) return fail(loaded.error());
  return std::unique_ptr<WindowMel>(std::move(made));
}

Result<void> MelExecutable::load(const npu::DesignSpec& spec) {
  const auto plan = npu::make_plan(spec, mel_.operations, kMelPacked);
  if (!plan) return fail(plan.error());
  for (const auto& [argument, bytes] :
       {std::pair{kMelPacked, plan->packed_bytes}, std::pair{kMelPower, mel_.bytes[kMelPower]},
        std::pair{kMelFeatures, mel_.bytes[kMelFeatures]}}) {
    const auto made = session_->add_buffer(bytes);
    if (!made) return fail(made.error());
    buffers_[static_cast<std::size_t>(argument)] = *made;
  }
  // run() binds each window's samples. Until the first window, the power buffer takes the place of
  // the samples, because each argument needs an existing buffer.
  buffers_[kMelSamples] = buffers_[kMelPower];
  const npu::HostMatrix last = mel_.features.from(mel_.rows.back(), 0);
  auto work = RepeatingRun::create(session_, "log-mel of a window", plan->stream(), buffers_,
                                   {.buffer = buffers_[kMelFeatures], .offset = last.offset});
  if (!work) return fail(work.error());
  work_ = std::move(*work);
  if (auto packed = pack_mel(mel_, *plan, session_->buffer(buffers_[kMelPacked])); !packed) {
    return packed;
  }
  if (auto synced = session_->sync_to_device(buffers_[kMelPacked]); !synced) return synced;
  describe(*plan);
  return {};
}

void MelExecutable::describe(const npu::Plan& plan) {
  plan_.graph = "log-mel";
  plan_.weight_bytes = plan.packed_bytes;
  plan_.working_bytes = mel_.bytes[kMelPower] + mel_.bytes[kMelFeatures];
  const double switches = 2 * npu::configuration_seconds(plan.spec);
  char text[160];
  std::snprintf(text, sizeof text,
                "; plus %.1f ms to configure the array for log-mel and then again for the encoder",
                1e3 * switches);
  plan_.summary = session_->name() + ", " + describe_cores(plan) + ": " + describe_run(plan) + text;
  for (std::size_t i = 0; i < plan.operations.size(); ++i) {
    const npu::OperationPlan& figures = plan.figures[i];
    plan_.ops.push_back({.name = plan.operations[i].name,
                         .device = "npu",
                         .how = figures.shape,
                         .reason = figures.reason,
                         .flops = 2.0 * static_cast<double>(figures.macs)});
  }
}

Result<std::unique_ptr<Buffer>> MelExecutable::allocate_samples(std::size_t n_samples) {
  const std::lock_guard lock(mutex_);
  const auto made = session_->add_buffer(n_samples * sizeof(std::int16_t));
  if (!made) return fail(made.error());
  return std::unique_ptr<Buffer>(std::make_unique<SampleBuffer>(*this, *made));
}

Result<void> MelExecutable::run(Buffer& samples, std::size_t first, std::span<float> out) {
  const std::size_t buffer = static_cast<SampleBuffer&>(samples).number();
  const ByteRange window{.offset = first * sizeof(std::int16_t), .bytes = mel_.bytes[kMelSamples]};
  const std::lock_guard lock(mutex_);
  if (auto bound = work_->bind(kMelSamples, buffer, window); !bound) return bound;
  if (auto synced = session_->sync_to_device(buffer, window); !synced) return synced;
  if (auto done = work_->run(); !done) return done;
  read_features(mel_, session_->buffer(buffers_[kMelFeatures]), out);
  return {};
}

}  // namespace npuwhisper::npu_device
